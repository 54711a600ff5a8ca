//! What roles have gained since the run: memberships, and freedom from row-level security.
//!
//! In: the notes of memberships of the moments that are compared. Out: yes or no, or the roles that somebody may
//! become since. Pure. What the platform's files grant to its own roles was granted by the run.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::access::Since;
use crate::migrate::catalogue::{MEMBERSHIPS, ROLES, Snapshot};

/// Members that the platform's files make, and what they become members of.
const PLATFORM_MEMBERS: [&str; 2] = ["authenticator", "supabase_storage_admin"];
const PLATFORM_ROLES: [&str; 3] = ["anon", "authenticated", "service_role"];

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
        // Whoever makes the platform's roles may become a member of them by that.
        let is_platform = |name: &Value| {
            let names = PLATFORM_MEMBERS.iter().chain(&PLATFORM_ROLES);
            names.into_iter().any(|platform| name == platform)
        };
        let of = |snapshot: &Snapshot| {
            let mut it = memberships(snapshot)?.get(role).cloned();
            if let Some(Value::Array(list)) = &mut it {
                list.retain(|name| !is_platform(name));
            }
            Some(it)
        };
        let differs = |then: Option<&Snapshot>| {
            then.and_then(of)
                .is_some_and(|then| Some(then) != of(self.current))
        };
        differs(self.ours.moment()) || (has_role(self.target, role) && differs(Some(self.target)))
    }

    /// Roles that somebody is a member of who was not before the run; none where somebody sees all rows since.
    pub fn gained(self) -> Option<HashSet<String>> {
        let mut gained = HashSet::new();
        let (Some(was), Some(is)) = (memberships(self.target), memberships(self.current)) else {
            return Some(gained);
        };
        for (member, of) in is {
            let before = was.get(member);
            let platform: &[&str] = match PLATFORM_MEMBERS.contains(&member.as_str()) {
                true => &PLATFORM_ROLES,
                false => &[],
            };
            let Some(of) = of.as_array() else {
                // The run has made the platform's role that sees all rows.
                if before != Some(of) && !(before.is_none() && member == "service_role") {
                    return None;
                }
                continue;
            };
            let new = of.iter().filter_map(Value::as_str).filter(|role| {
                !before.is_some_and(|before| names(before, role)) && !platform.contains(role)
            });
            gained.extend(new.map(Into::into));
        }
        Some(gained)
    }
}

fn memberships(snapshot: &Snapshot) -> Option<&Map<String, Value>> {
    snapshot.notes.get(MEMBERSHIPS)?.as_object()
}

fn names(list: &Value, role: &str) -> bool {
    let mut list = list.as_array().into_iter().flatten();
    list.any(|name| name == role)
}

fn has_role(snapshot: &Snapshot, role: &str) -> bool {
    snapshot
        .notes
        .get(ROLES)
        .is_some_and(|roles| names(roles, role))
}
