//! The policies that `rls/` gives, read from its text: what the database must have, no more and no less.
//!
//! In: the embedded files. Out: [`PolicyFacts`]. The files are idempotent and could be run again to see, but
//! that would lock every table of a CRM in use.
//!
//! ```text
//! policy = "create policy" '"' name '"' "on" relation ["for" command] "to" role …
//! ```

use serde::Serialize;

use crate::pg::migrations::policies;

/// One policy, as the catalogue names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct PolicyFacts {
    /// Schema and table, quoted where needed: `public."opportunityNotes"`.
    pub relation: String,
    /// Its name.
    pub name: String,
    /// `SELECT`, `INSERT`, `UPDATE`, `DELETE` or `ALL`.
    pub command: String,
    /// The one role it is for.
    pub role: String,
}

/// Every policy of `rls/` in schemas `public` and `migration`. Of relations that only one baseline has, the
/// caller leaves out those that are not there.
pub fn expected_policies() -> Vec<PolicyFacts> {
    let mut found: Vec<_> = policies()
        .into_iter()
        .filter(|(file, _)| !file.starts_with("storage"))
        .flat_map(|(_, sql)| sql.split("create policy ").skip(1).filter_map(parse))
        .flat_map(both_spellings)
        .collect();
    found.sort();
    found.dedup();
    found
}

fn parse(text: &str) -> Option<PolicyFacts> {
    let (name, rest) = text.strip_prefix('"')?.split_once('"')?;
    let words: Vec<&str> = rest.split_whitespace().take(6).collect();
    let (relation, command, role) = match words.as_slice() {
        ["on", relation, "for", command, "to", role] => (relation, *command, role),
        ["on", relation, "to", role, ..] => (relation, "all", role),
        _ => return None,
    };
    Some(PolicyFacts {
        relation: (*relation).to_owned(),
        name: name.to_owned(),
        command: command.to_uppercase(),
        role: role.trim_end_matches(';').to_owned(),
    })
}

/// The contact notes are a table under one spelling per baseline, and their file names it `%s`.
fn both_spellings(policy: PolicyFacts) -> Vec<PolicyFacts> {
    if policy.relation != "%s" {
        return vec![policy];
    }
    ["public.contact_notes", "public.\"contactNotes\""]
        .into_iter()
        .map(|relation| PolicyFacts {
            relation: relation.into(),
            ..policy.clone()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_policy_of_the_files_is_understood() {
        let written: usize = policies()
            .iter()
            .filter(|(file, _)| !file.starts_with("storage"))
            .map(|(_, sql)| sql.matches("create policy \"").count())
            .sum();
        let contact_notes = 4;
        assert_eq!(expected_policies().len(), written + contact_notes);
    }

    #[test]
    fn the_policies_of_opportunities_are_those_of_deals() {
        let mine: Vec<_> = expected_policies()
            .into_iter()
            .filter(|policy| policy.relation == "public.opportunities")
            .map(|policy| format!("{} {} {}", policy.command, policy.role, policy.name))
            .collect();
        assert_eq!(
            mine,
            [
                "DELETE authenticated Deals Delete Policy",
                "INSERT authenticated Enable insert for authenticated users only",
                "SELECT authenticated Enable read access for authenticated users",
                "UPDATE authenticated Enable update for authenticated users only",
            ]
        );
    }
}
