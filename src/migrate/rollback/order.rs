//! Puts things into an order in which each comes after what it needs.

use std::collections::{HashMap, HashSet};

/// The names of `needs` so that each comes after those it needs; names that are not in the map are left out.
/// Among equals the given order stays. A circle is broken at its first member.
pub fn sorted(names: &[String], needs: &HashMap<String, Vec<String>>) -> Vec<String> {
    let known: HashSet<&str> = names.iter().map(String::as_str).collect();
    let mut done = HashSet::new();
    let mut out = Vec::with_capacity(names.len());
    for name in names {
        // A stack of (name, are its needs in?), so that depth costs no stack of ours.
        let mut stack = vec![(name.as_str(), false)];
        while let Some((name, is_ready)) = stack.pop() {
            if is_ready {
                out.push(name.to_owned());
                continue;
            }
            if !done.insert(name) {
                continue;
            }
            stack.push((name, true));
            for need in needs.get(name).into_iter().flatten().rev() {
                if known.contains(need.as_str()) && !done.contains(need.as_str()) {
                    stack.push((need, false));
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(names: &[&str], needs: &[(&str, &[&str])]) -> Vec<String> {
        let names: Vec<_> = names.iter().map(ToString::to_string).collect();
        let needs = needs
            .iter()
            .map(|(name, list)| {
                (
                    (*name).to_owned(),
                    list.iter().map(ToString::to_string).collect(),
                )
            })
            .collect();
        sorted(&names, &needs)
    }

    #[test]
    fn what_is_needed_comes_first_and_the_rest_stays_in_place() {
        assert_eq!(order(&["a", "b", "c"], &[]), ["a", "b", "c"]);
        assert_eq!(
            order(&["a", "b", "c"], &[("a", &["c"]), ("c", &["b", "x"])]),
            ["b", "c", "a"]
        );
    }

    #[test]
    fn a_circle_ends() {
        let found = order(&["a", "b"], &[("a", &["b"]), ("b", &["a"])]);
        assert_eq!(found.len(), 2);
    }
}
