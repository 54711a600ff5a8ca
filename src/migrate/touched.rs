//! What a run makes and changes, name by name: everything else is the site's own.
//!
//! In: lists that a test takes from the catalogues which a run records, one per product. A line is the moment
//! at which the phase has ended, what happened, and a name:
//!
//! | line | meaning |
//! |---|---|
//! | `1.1 made column public.contacts.department` | was not there at the moment before |
//! | `cutover changed view public.companies_summary` | differs, or is there no more under this name |
//! | `cutover access public.tasks` | policies, privileges, row security or owner on it are set |

use std::collections::HashMap;
use std::sync::LazyLock;

use super::catalogue::{AFTER, Change, Object, Snapshot, compare};
use super::operation::capture::TRIGGERS;
use crate::pg::migrations::Baseline;

/// The moments at which phases end, in their order.
const MOMENTS: [&str; 5] = ["1.1", "1.2", "1.3", "1.4", AFTER];

/// Who may read and write: of names that differ from site to site, because roles do.
pub const ACCESS: [&str; 4] = ["policy", "row security", "grant", "owner"];

static FORK: LazyLock<Touched> = LazyLock::new(|| Touched::parse(include_str!("touched_fork.txt")));
static UPSTREAM: LazyLock<Touched> =
    LazyLock::new(|| Touched::parse(include_str!("touched_upstream.txt")));

/// The names that a run makes and changes.
#[derive(Debug, Default, Clone)]
pub struct Touched {
    /// With the number of the moment, as all of these.
    touched: HashMap<String, usize>,
    access: HashMap<String, usize>,
}

/// Those of a run on this product.
pub fn touched(baseline: Baseline) -> &'static Touched {
    match baseline {
        Baseline::Fork => &FORK,
        Baseline::Upstream => &UPSTREAM,
    }
}

/// How far a run has come: which of its changes may have happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reached(usize);

impl Reached {
    /// By the last moment that is recorded. The phase after it may have begun, but for the cut-over, whose
    /// record is part of its transaction.
    pub fn after(last: Option<&str>) -> Self {
        let place = last.and_then(|last| MOMENTS.iter().position(|moment| *moment == last));
        let next = place.map_or(0, |place| place + 1);
        Self(match place {
            Some(place) if next + 1 >= MOMENTS.len() => place,
            _ => next,
        })
    }

    fn includes(self, at: Option<&usize>) -> bool {
        at.is_some_and(|at| *at <= self.0)
    }
}

impl Touched {
    /// Reads a list.
    pub fn parse(text: &str) -> Self {
        let mut all = Self::default();
        for line in text.lines() {
            let mut words = line.splitn(3, ' ');
            let (Some(moment), Some(what), Some(name)) = (words.next(), words.next(), words.next())
            else {
                continue;
            };
            let Some(at) = MOMENTS.iter().position(|known| *known == moment) else {
                continue;
            };
            let names = match what {
                "access" => &mut all.access,
                _ => &mut all.touched,
            };
            names.entry(name.to_owned()).or_insert(at);
        }
        all
    }

    /// Whether a run makes or changes an object of this name at some time.
    pub fn has_name(&self, identity: &str) -> bool {
        self.touched.contains_key(identity)
    }

    /// Whether a run that came so far makes or changes an object of this name.
    pub fn names(&self, object: &Object, reached: Reached) -> bool {
        is_capture(object) || reached.includes(self.touched.get(&object.identity))
    }

    /// Whether a run that came so far may have changed this object: what it is, or who may use it.
    pub fn may_touch(&self, object: &Object, reached: Reached) -> bool {
        let is_right = ACCESS.contains(&object.kind.as_str());
        self.names(object, reached)
            || (is_right && reached.includes(self.access.get(place(object))))
    }

    /// Whether the run ever sets who may use this: `public.tasks`, `public.handle_new_user()`, `public`.
    pub fn touches_access(&self, place: &str) -> bool {
        self.access.contains_key(place)
    }
}

/// The triggers that note what others write: there only while a run is at work.
fn is_capture(object: &Object) -> bool {
    object.kind == "trigger" && object.name.starts_with(TRIGGERS)
}

/// What it is a right on: `public.tasks` of `table public.tasks`.
fn place(object: &Object) -> &str {
    let words = &object.relation;
    [
        "table ",
        "view ",
        "materialized view ",
        "sequence ",
        "routine ",
        "type ",
        "schema ",
    ]
    .iter()
    .find_map(|word| words.strip_prefix(word))
    .unwrap_or(words)
}

/// The list of a run, from the catalogues at its moments, the one before it first.
pub fn list(moments: &[(String, Snapshot)]) -> String {
    let mut lines = vec![];
    for pair in moments.windows(2) {
        let [(_, before), (moment, after)] = pair else {
            continue;
        };
        for difference in compare(before, after) {
            let side = match difference.change {
                Change::Added => after,
                Change::Missing | Change::Changed => before,
            };
            let named = |object: &&Object| {
                object.kind == difference.kind && object.identity == difference.identity
            };
            let Some(object) = side.objects.iter().find(named) else {
                continue;
            };
            if is_capture(object) || object.kind == "default privilege" {
                continue;
            }
            if ACCESS.contains(&object.kind.as_str()) {
                lines.push(format!("{moment} access {}", place(object)));
            }
            if object.kind == "policy" || !ACCESS.contains(&object.kind.as_str()) {
                let what = match difference.change {
                    Change::Added => "made",
                    Change::Missing | Change::Changed => "changed",
                };
                lines.push(format!("{moment} {what} {}", object.identity));
            }
        }
    }
    // The cut-over sets all of the product's rights anew, also to what they were.
    for (_, snapshot) in moments {
        let rights = snapshot.objects.iter();
        let rights = rights.filter(|object| ACCESS.contains(&object.kind.as_str()));
        lines.extend(rights.map(|object| format!("{AFTER} access {}", place(object))));
    }
    lines.sort();
    lines.dedup();
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(kind: &str, identity: &str, relation: &str) -> Object {
        Object {
            kind: kind.into(),
            key: String::new(),
            parent: None,
            identity: identity.into(),
            relation: relation.into(),
            name: identity.rsplit('.').next().unwrap_or_default().into(),
            facts: serde_json::Value::Null,
            make: None,
            remove: None,
            depends: vec![],
        }
    }

    #[test]
    fn only_what_the_run_has_reached_may_be_its_doing() {
        let (first, last) = (Reached::after(Some("before")), Reached::after(Some(AFTER)));
        assert_eq!(Reached::after(None), first);
        assert_eq!(Reached::after(Some("1.1")), Reached(1));
        assert_eq!(
            (Reached::after(Some("1.4")), last),
            (Reached(3), Reached(4))
        );
        let list = "1.1 made column public.contacts.department\n\
                    cutover changed view public.companies_summary\n\
                    cutover access public.tasks\n";
        let list = Touched::parse(list);
        let column = object(
            "column",
            "column public.contacts.department",
            "public.contacts",
        );
        assert!(list.names(&column, first) && list.may_touch(&column, first));
        let view = object(
            "view",
            "view public.companies_summary",
            "public.companies_summary",
        );
        assert!(!list.may_touch(&view, first) && list.may_touch(&view, last));
        let grant = object(
            "grant",
            "grant select on table public.tasks to me",
            "table public.tasks",
        );
        assert!(!list.may_touch(&grant, first) && list.may_touch(&grant, last));
        let own = object(
            "column",
            "column public.campaigns.department",
            "public.campaigns",
        );
        assert!(!list.names(&own, last) && !list.may_touch(&own, last));
    }

    #[test]
    fn every_product_has_its_list() {
        for (baseline, notes) in [
            (Baseline::Fork, "public.\"contactNotes\""),
            (Baseline::Upstream, "public.contact_notes"),
        ] {
            let list = touched(baseline);
            let last = Reached::after(Some(AFTER));
            let made =
                |kind, name: &str| list.names(&object(kind, &format!("{kind} {name}"), ""), last);
            assert!(made("table", "public.contact_organizations"));
            assert!(made("view", "public.deals") && made("table", "public.opportunities"));
            assert!(made("column", "public.opportunities.stage_manual"));
            assert!(!made("table", "public.outbox") && !made("column", "public.tasks.text"));
            assert!(list.touches_access(notes) && !list.touches_access("public.own"));
            assert!(list.touches_access("public") && list.touches_access("storage.objects"));
        }
    }
}
