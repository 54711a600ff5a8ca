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
/// All roles that the platform's files make.
const PLATFORM: [&str; 6] = [
    "anon",
    "authenticated",
    "service_role",
    "authenticator",
    "supabase_auth_admin",
    "supabase_storage_admin",
];

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
    /// Whether a role has become or ceased to be a member of another since, or another of it, or has a member that
    /// sees other rows by something else.
    pub fn is_member_of_others(self, role: &str) -> bool {
        let with_members = |snapshot: &Snapshot, is_target: bool| {
            let known = memberships(snapshot)?;
            let its = known.iter().filter(|(member, of)| {
                let is_made = is_target && PLATFORM_MEMBERS.contains(&member.as_str());
                *member == role || (!is_made && names(of, role))
            });
            let notes = its.map(|(member, of)| {
                // It may be any role of the platform; sites give it theirs.
                let is_platforms = PLATFORM_MEMBERS.contains(&member.as_str());
                let note = (!is_platforms).then(|| self.note(of, is_target));
                (member.clone(), note)
            });
            Some(notes.collect::<Vec<_>>())
        };
        self.differs(role, with_members)
    }

    /// Whether a role may see other rows by what it is a member of, or by freedom from row-level security, than before
    /// the run or when that ended.
    pub fn is_role_other(self, role: &str) -> bool {
        self.differs(role, |snapshot, is_target| {
            let of = memberships(snapshot)?.get(role);
            Some(of.map(|of| self.note(of, is_target)))
        })
    }

    /// Whether this differs now from when the run ended, or from before it.
    fn differs<T: PartialEq>(self, role: &str, of: impl Fn(&Snapshot, bool) -> Option<T>) -> bool {
        let is_other = |then: &Snapshot, is_target: bool| {
            of(then, is_target).is_some_and(|was| Some(was) != of(self.current, is_target))
        };
        let is_new = !has_role(self.target, role) || PLATFORM_MEMBERS.contains(&role);
        self.ours.moment().is_some_and(|last| is_other(last, false))
            || (!is_new && is_other(self.target, true))
    }

    /// Whether it is superuser, and the roles; of those that the run has made none when compared with the target:
    /// whoever makes a role may become a member of it by that.
    fn note(self, of: &Value, is_target: bool) -> (bool, Vec<(String, bool)>) {
        let is_made = |role: &str| PLATFORM.contains(&role) && !has_role(self.target, role);
        let roles = listed(of).into_iter();
        let mut roles: Vec<_> = roles
            .filter(|(role, _)| !(is_target && is_made(role)))
            .map(|(role, is_inherited)| (role.to_owned(), is_inherited))
            .collect();
        roles.sort_unstable();
        (of.is_string(), roles)
    }

    /// What roles have become since before the run; none where somebody sees all rows since.
    pub fn changed_roles(self) -> Option<ChangedRoles> {
        let mut changed = ChangedRoles::default();
        let (Some(was), Some(is)) = (memberships(self.target), memberships(self.current)) else {
            return Some(changed);
        };
        for (member, of) in is {
            let before = was.get(member);
            if before.is_none() && !PLATFORM.contains(&member.as_str()) {
                changed.new.insert(member.clone());
            }
            // The run has made the platform's role that sees all rows.
            let is_made = before.is_none() && member == "service_role";
            if sees_all(of) && !before.is_some_and(sees_all) && !is_made {
                return None;
            }
            let mut ours: Vec<&str> = vec![];
            if PLATFORM_MEMBERS.contains(&member.as_str()) {
                ours.extend(PLATFORM_ROLES);
            }
            ours.extend(PLATFORM.iter().filter(|role| !has_role(self.target, role)));
            let (before, of) = (before.map(listed).unwrap_or_default(), listed(of));
            let differing = before.symmetric_difference(&of).map(|(role, _)| *role);
            let differing: Vec<&str> = differing
                .filter(|role| !role.is_empty() && !ours.contains(role))
                .collect();
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

/// Whether row-level security does not apply.
fn sees_all(of: &Value) -> bool {
    of.is_string() || names(of, "")
}

fn names(of: &Value, role: &str) -> bool {
    listed(of).iter().any(|(name, _)| *name == role)
}

fn has_role(snapshot: &Snapshot, role: &str) -> bool {
    let roles = snapshot.notes.get(ROLES).and_then(Value::as_array);
    roles.is_some_and(|roles| roles.iter().any(|name| name == role))
}
