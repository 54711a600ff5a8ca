//! What has become of roles since the run: memberships, whether they are inherited, and freedom from row-level
//! security.
//!
//! In: the notes of memberships of the moments that are compared. Out: yes or no, or the roles that somebody may
//! become or may no longer become since. Pure. What the platform's files grant to its own roles was granted by the
//! run.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::access::Since;
use crate::migrate::catalogue::{MEMBERSHIPS, ROLES, Snapshot};

/// Members that the platform's files make, and what they become members of.
const PLATFORM_MEMBERS: [&str; 2] = ["authenticator", "supabase_storage_admin"];
const PLATFORM_ROLES: [&str; 3] = ["anon", "authenticated", "service_role"];

/// Who is a member of one reads or writes every table.
const ALL_DATA: [&str; 2] = ["pg_read_all_data", "pg_write_all_data"];

/// What differs from before the run.
#[derive(Debug, Default)]
pub struct ChangedRoles {
    /// Roles that somebody is a member of, or inherits from, who was not, or the other way round.
    pub members: HashSet<String>,
    /// Roles that are new: a policy may name one that was not there.
    new: HashSet<String>,
}

impl ChangedRoles {
    /// Both.
    pub fn all(&self) -> impl Iterator<Item = &String> {
        self.members.iter().chain(&self.new)
    }
}

impl Since<'_> {
    /// Whether a role has become or ceased to be a member of another since, or another of it, or to be bound by
    /// row-level security.
    pub fn is_member_of_others(self, role: &str) -> bool {
        let of = |snapshot: &Snapshot, is_target: bool| {
            let known = memberships(snapshot)?;
            let members = known.iter().filter(|(member, of)| {
                !(is_target && PLATFORM_MEMBERS.contains(&member.as_str())) && names(of, role)
            });
            let members: Vec<String> = members.map(|(member, _)| member.clone()).collect();
            Some((known.get(role).cloned(), members))
        };
        let differs = |then: Option<&Snapshot>, is_target: bool| {
            then.and_then(|then| of(then, is_target))
                .is_some_and(|then| Some(then) != of(self.current, is_target))
        };
        let is_new = !has_role(self.target, role) || PLATFORM_MEMBERS.contains(&role);
        differs(self.ours.moment(), false) || (!is_new && differs(Some(self.target), true))
    }

    /// Whether a role may see other rows by what it is a member of, or by freedom from row-level security, than before
    /// the run or when that ended.
    pub fn is_role_other(self, role: &str) -> bool {
        let of = |snapshot: &Snapshot| Some(memberships(snapshot)?.get(role).cloned());
        // Whoever makes the platform's roles may become a member of them by that, while the run is at work.
        let of_others = |snapshot: &Snapshot| {
            let is = of(snapshot)?;
            Some(is.map(|is| (is.is_string(), others_than_platform(&is))))
        };
        let is_since = match self.ours.moment() {
            Some(last) => of(last).is_some_and(|then| Some(then) != of(self.current)),
            None => false,
        };
        is_since
            || has_role(self.target, role)
                && of_others(self.target).is_some_and(|then| Some(then) != of_others(self.current))
    }

    /// What roles have become since before the run; none where somebody sees all rows since.
    pub fn changed_roles(self) -> Option<ChangedRoles> {
        let mut changed = ChangedRoles::default();
        let (Some(was), Some(is)) = (memberships(self.target), memberships(self.current)) else {
            return Some(changed);
        };
        for (member, of) in is {
            let before = was.get(member);
            if before.is_none() && !is_platforms(member) {
                changed.new.insert(member.clone());
            }
            // The run has made the platform's role that sees all rows.
            let is_made = before.is_none() && member == "service_role";
            if of.is_string() && before != Some(of) && !is_made {
                return None;
            }
            let mut ours: Vec<&str> = vec![];
            if PLATFORM_MEMBERS.contains(&member.as_str()) {
                ours.extend(PLATFORM_ROLES);
            }
            // Whoever makes a role may become a member of it by that.
            ours.extend(
                PLATFORM_ROLES
                    .iter()
                    .chain(&PLATFORM_MEMBERS)
                    .filter(|role| !has_role(self.target, role)),
            );
            let (before, of) = (before.map(listed).unwrap_or_default(), listed(of));
            let differing = before.symmetric_difference(&of).map(|(role, _)| *role);
            let differing: Vec<&str> = differing.filter(|role| !ours.contains(role)).collect();
            if differing.iter().any(|role| ALL_DATA.contains(role)) {
                return None;
            }
            changed
                .members
                .extend(differing.into_iter().map(Into::into));
        }
        Some(changed)
    }
}

fn memberships(snapshot: &Snapshot) -> Option<&Map<String, Value>> {
    snapshot.notes.get(MEMBERSHIPS)?.as_object()
}

/// The roles, and whether their privileges are inherited.
fn listed(of: &Value) -> HashSet<(&str, bool)> {
    let list = of.as_array().into_iter().flatten();
    list.filter_map(|it| Some((it.get(0)?.as_str()?, it.get(1)?.as_bool()?)))
        .collect()
}

fn others_than_platform(of: &Value) -> Vec<(String, bool)> {
    let others = listed(of).into_iter();
    let mut others: Vec<_> = others
        .filter(|(role, _)| !is_platforms(role))
        .map(|(role, is_inherited)| (role.to_owned(), is_inherited))
        .collect();
    others.sort_unstable();
    others
}

fn is_platforms(role: &str) -> bool {
    PLATFORM_MEMBERS.contains(&role) || PLATFORM_ROLES.contains(&role)
}

fn names(of: &Value, role: &str) -> bool {
    listed(of).iter().any(|(name, _)| *name == role)
}

fn has_role(snapshot: &Snapshot, role: &str) -> bool {
    let roles = snapshot.notes.get(ROLES).and_then(Value::as_array);
    roles.is_some_and(|roles| roles.iter().any(|name| name == role))
}
