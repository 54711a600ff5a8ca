//! Two snapshots -> what differs, object by object.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::{Object, Snapshot};

/// What happened to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Only in the second snapshot.
    Added,
    /// Only in the first.
    Missing,
    /// In both, with different facts.
    Changed,
}

/// One object that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// What happened to it.
    pub change: Change,
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub identity: String,
    /// Its facts in the first snapshot.
    pub before: Option<serde_json::Value>,
    /// Its facts in the second.
    pub after: Option<serde_json::Value>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = match self.change {
            Change::Added => "is new",
            Change::Missing => "is missing",
            Change::Changed => "differs",
        };
        write!(f, "{} {verb}", self.identity)
    }
}

/// What differs, by kind and identity, in that order. Equal catalogues: an empty list.
pub fn compare(before: &Snapshot, after: &Snapshot) -> Vec<Difference> {
    type Pair<'a> = (Option<&'a Object>, Option<&'a Object>);
    let mut pairs: BTreeMap<(&str, &str), Pair<'_>> = BTreeMap::new();
    for object in &before.objects {
        pairs.entry((&object.kind, &object.identity)).or_default().0 = Some(object);
    }
    for object in &after.objects {
        pairs.entry((&object.kind, &object.identity)).or_default().1 = Some(object);
    }
    pairs
        .into_iter()
        .filter_map(|((kind, identity), (one, other))| {
            let change = match (one, other) {
                (None, _) => Change::Added,
                (_, None) => Change::Missing,
                (Some(one), Some(other)) if one.facts != other.facts => Change::Changed,
                _ => return None,
            };
            Some(Difference {
                change,
                kind: kind.to_owned(),
                identity: identity.to_owned(),
                before: one.map(|object| object.facts.clone()),
                after: other.map(|object| object.facts.clone()),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn snapshot(objects: &[(&str, i32)]) -> Snapshot {
        Snapshot {
            objects: objects
                .iter()
                .map(|(identity, fact)| Object {
                    kind: "table".into(),
                    key: String::new(),
                    parent: None,
                    identity: (*identity).into(),
                    relation: String::new(),
                    name: String::new(),
                    facts: json!({ "fact": fact }),
                    make: None,
                    remove: None,
                    depends: vec![],
                })
                .collect(),
            ..Snapshot::default()
        }
    }

    #[test]
    fn every_kind_of_difference_is_told() {
        let found = compare(
            &snapshot(&[("a", 1), ("b", 1), ("c", 1)]),
            &snapshot(&[("a", 1), ("b", 2), ("d", 1)]),
        );
        let lines: Vec<_> = found.iter().map(ToString::to_string).collect();
        assert_eq!(lines, ["b differs", "c is missing", "d is new"]);
        assert!(compare(&snapshot(&[("a", 1)]), &snapshot(&[("a", 1)])).is_empty());
    }
}
