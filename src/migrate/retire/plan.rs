//! What goes with the old words, what is made anew without them, and what is in the way. Pure.
//!
//! In: the catalogue as it is, and as the run recorded it at its end. Out: a [`Plan`]. Names are exact; one
//! that the run did not record is somebody else's and stays. A definition is changed word by word
//! ([`super::edit`]), never replaced: what a later version has added to it stays.

use std::collections::{HashMap, HashSet};

use super::edit;
use crate::migrate::catalogue::{Object, Snapshot};
use crate::migrate::rollback::order::sorted;

/// The old face, as [`Object::identity`] says it.
const VIEWS: [&str; 6] = [
    "view extensions.deals_face",
    "view public.activity_log",
    "view public.\"dealNotes\"",
    "view public.deal_notes",
    "view public.deals",
    "view public.deals_summary",
];
/// Columns that hold old words, or what a row was before the migration.
pub(super) const COLUMNS: [&str; 3] = [
    "column public.contacts.company_id_backup",
    "column public.opportunities.legacy_stage",
    "column public.opportunities.original_company_id",
];
/// What only the rules of the old face ask.
const FUNCTIONS: [&str; 2] = [
    "function private.stage_fits(text,public.opportunity_stage)",
    "function private.stage_is_lossy(public.opportunity_stage)",
];
/// Triggers whose condition reads an old column.
const TRIGGERS: [&str; 4] = [
    "trigger opportunities_before_sent_1 on public.opportunities",
    "trigger opportunities_before_sent_2 on public.opportunities",
    "trigger opportunities_before_sent_3 on public.opportunities",
    "trigger opportunities_before_sent_4 on public.opportunities",
];

/// What is to be done, in the order in which it is done.
#[derive(Debug, Default)]
pub(super) struct Plan<'a> {
    /// Views that go, each after those that read it.
    pub views: Vec<&'a Object>,
    /// Columns that go, and what goes with them: indexes, constraints.
    pub columns: Vec<&'a Object>,
    pub with_columns: Vec<&'a Object>,
    /// Functions that go.
    pub functions: Vec<&'a Object>,
    /// Views that are made anew, each after those that it reads: the object, its new SQL.
    pub remade: Vec<(&'a Object, String)>,
    /// Functions and triggers that get a new definition: the object, its new SQL.
    pub changed: Vec<(&'a Object, String)>,
    /// What would break, in words.
    pub blockers: Vec<String>,
    /// Functions of others that name something old in their text, which the catalogue cannot tell.
    pub mentions: Vec<String>,
}

/// A function of any schema, ours or not.
#[derive(Debug, Clone, Default)]
pub(super) struct Program {
    /// As [`Object::key`].
    pub key: String,
    /// In words; for what the catalogue has, its own words count.
    pub identity: String,
    /// Its definition.
    pub text: String,
    /// Triggers of the CRM's tables that call it, in words.
    pub triggers: Vec<String>,
}

/// Works it out.
pub(super) fn plan<'a>(
    current: &'a Snapshot,
    recorded: &Snapshot,
    programs: &[Program],
) -> Plan<'a> {
    let ours: HashSet<&str> = recorded
        .objects
        .iter()
        .map(|object| object.identity.as_str())
        .collect();
    let pick = |names: &[&str]| -> Vec<&'a Object> {
        let named = |object: &&Object| {
            let name = object.identity.as_str();
            names.contains(&name) && ours.contains(name)
        };
        current.objects.iter().filter(named).collect()
    };
    let mut plan = Plan {
        views: pick(&VIEWS),
        columns: pick(&COLUMNS),
        functions: pick(&FUNCTIONS),
        ..Plan::default()
    };
    plan.views = in_order(&plan.views);
    plan.views.reverse();
    change_programs(&mut plan, current, &pick(&TRIGGERS), &ours);
    judge_others(&mut plan, current, programs, &ours);
    follow(&mut plan, current, &ours);
    plan
}

/// New definitions for our functions and triggers.
fn change_programs<'a>(
    plan: &mut Plan<'a>,
    current: &'a Snapshot,
    triggers: &[&'a Object],
    ours: &HashSet<&str>,
) {
    let wanted = edit::FUNCTIONS.iter();
    let functions = wanted.filter_map(|name| {
        current
            .objects
            .iter()
            .find(|object| object.identity == *name && ours.contains(name))
    });
    for object in functions.chain(triggers.iter().copied()) {
        let definition = object.make.as_deref().unwrap_or_default();
        if !edit::names_old_column(definition) {
            continue; // changed already
        }
        match edit::program(&object.identity, definition) {
            Some(text) => plan.changed.push((object, text)),
            None => plan.blockers.push(format!(
                "{} is not the one that this program knows",
                object.identity
            )),
        }
    }
}

/// Functions of others that name something old: in the way when a trigger of the CRM calls one, because every
/// write would be refused; else they are told.
fn judge_others(
    plan: &mut Plan<'_>,
    current: &Snapshot,
    programs: &[Program],
    ours: &HashSet<&str>,
) {
    for program in programs {
        let known = current.by_key(&program.key);
        let name = known.map_or(&program.identity, |object| &object.identity);
        if ours.contains(name.as_str()) || !edit::names_anything_old(&program.text) {
            continue;
        }
        if program.triggers.is_empty() {
            plan.mentions.push(name.clone());
        }
        let told = |trigger: &String| format!("{trigger} ({name} names something old)");
        plan.blockers.extend(program.triggers.iter().map(told));
    }
}

/// What is made anew so far: by key, the object and its new SQL.
type Remade<'a> = HashMap<&'a str, (&'a Object, String)>;

/// Who depends on what goes, and who depends on those.
fn follow<'a>(plan: &mut Plan<'a>, current: &'a Snapshot, ours: &HashSet<&str>) {
    let gone: HashSet<&str> = keys(&plan.views)
        .chain(keys(&plan.columns))
        .chain(keys(&plan.functions))
        .collect();
    let mut remade = Remade::new();
    while remake(&mut remade, current, &gone, ours) {}
    block(plan, current, &gone, &remade);
    let objects: Vec<&Object> = remade.values().map(|(object, _)| *object).collect();
    plan.remade = in_order(&objects)
        .iter()
        .filter_map(|object| remade.remove(object.key.as_str()))
        .collect();
}

/// Adds the views that show a column that goes, and those that read a view that is made anew. True when it
/// found some: then others may read these.
fn remake<'a>(
    remade: &mut Remade<'a>,
    current: &'a Snapshot,
    gone: &HashSet<&str>,
    ours: &HashSet<&str>,
) -> bool {
    let before = remade.len();
    for object in current.objects.iter().filter(|o| o.kind == "view") {
        let key = object.key.as_str();
        if gone.contains(key) || remade.contains_key(key) {
            continue;
        }
        let needs = || object.depends.iter().map(String::as_str);
        let make = object.make.as_deref().unwrap_or_default();
        if needs().any(|need| gone.contains(need)) {
            let is_ours = ours.contains(object.identity.as_str());
            if let Some(text) = edit::view(make).filter(|_| is_ours) {
                remade.insert(key, (object, text));
            }
        } else if needs().any(|need| remade.contains_key(need)) {
            remade.insert(key, (object, make.to_owned()));
        }
    }
    remade.len() > before
}

/// What goes with the columns, and what would break.
fn block<'a>(
    plan: &mut Plan<'a>,
    current: &'a Snapshot,
    gone: &HashSet<&str>,
    remade: &Remade<'a>,
) {
    let touched =
        |need: &String| gone.contains(need.as_str()) || remade.contains_key(need.as_str());
    for object in &current.objects {
        let is_changed = plan
            .changed
            .iter()
            .any(|(other, _)| other.key == object.key);
        // What hangs on an object goes and comes with it.
        let hangs = object.parent.as_ref().is_some_and(touched);
        // A trigger or a rule of a view that is made anew could not be made again.
        let on_remade = object.parent.as_deref();
        if on_remade.is_some_and(|parent| remade.contains_key(parent))
            && matches!(object.kind.as_str(), "trigger" | "rule")
            && edit::names_old_column(object.make.as_deref().unwrap_or_default())
        {
            plan.blockers.push(object.identity.clone());
        }
        if is_changed || touched(&object.key) || hangs || !object.depends.iter().any(touched) {
            continue;
        }
        match object.kind.as_str() {
            "index" | "constraint" => plan.with_columns.push(object),
            "default" | "not null" | "grant" | "comment" | "owner" => {}
            _ => plan.blockers.push(object.identity.clone()),
        }
    }
    let uses = current.outside.values().flatten();
    let outside = uses.filter(|(_, need)| touched(need));
    plan.blockers
        .extend(outside.map(|(words, _)| words.clone()));
    plan.blockers.sort_unstable();
    plan.blockers.dedup();
}

fn keys<'a>(objects: &[&'a Object]) -> impl Iterator<Item = &'a str> {
    objects
        .iter()
        .map(|object| object.key.as_str())
        .collect::<Vec<_>>()
        .into_iter()
}

/// Each after what it needs.
fn in_order<'a>(objects: &[&'a Object]) -> Vec<&'a Object> {
    let mut by_name: Vec<&Object> = objects.to_vec();
    by_name.sort_by_key(|object| &object.identity);
    let names: Vec<String> = by_name.iter().map(|object| object.key.clone()).collect();
    let needs = by_name
        .iter()
        .map(|object| (object.key.clone(), object.depends.clone()))
        .collect();
    sorted(&names, &needs)
        .iter()
        .filter_map(|key| objects.iter().find(|object| object.key == *key))
        .copied()
        .collect()
}

/// What belongs to an object: grants, comments, owner, triggers of a view. Not what is an old column's own.
pub(super) fn belongings<'a>(current: &'a Snapshot, object: &Object) -> Vec<&'a Object> {
    let objects = current.objects.iter();
    objects
        .filter(|other| hangs_on(other, object) && !is_of_old_column(other))
        .collect()
}

/// Whether it is a grant, a comment, … of the object or of a column of it.
pub(super) fn hangs_on(object: &Object, on: &Object) -> bool {
    object.parent.as_deref().is_some_and(|parent| {
        let rest = parent.strip_prefix(on.key.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(" column "))
    })
}

/// A grant on, a comment on or the default of a column that goes: it goes with the column.
pub(super) fn is_of_old_column(object: &Object) -> bool {
    let parent = object.parent.as_deref().unwrap_or_default();
    parent.contains(" column ") && edit::names_old_column(&object.identity)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(kind: &str, name: &str, key: &str, depends: &[&str], make: &str) -> Object {
        Object {
            kind: kind.into(),
            key: key.into(),
            parent: None,
            identity: format!("{kind} {name}"),
            relation: name.into(),
            name: name.into(),
            facts: json!({}),
            make: Some(make.into()),
            remove: Some(format!("drop {kind} {name}")),
            depends: depends.iter().map(ToString::to_string).collect(),
        }
    }

    fn crm() -> Snapshot {
        let select = "create view x as SELECT o.id,\n    o.legacy_stage,\n    o.name\n FROM o";
        Snapshot {
            objects: vec![
                object(
                    "view",
                    "extensions.deals_face",
                    "class 1",
                    &["class 9 column 2"],
                    "",
                ),
                object("view", "public.deals", "class 2", &["class 1"], ""),
                object(
                    "column",
                    "public.opportunities.legacy_stage",
                    "class 9 column 2",
                    &[],
                    "",
                ),
                object(
                    "index",
                    "public.by_stage",
                    "class 5",
                    &["class 9 column 2"],
                    "",
                ),
                object(
                    "view",
                    "public.opportunities_summary",
                    "class 3",
                    &["class 9 column 2"],
                    select,
                ),
            ],
            ..Snapshot::default()
        }
    }

    fn names<'a>(objects: &[&'a Object]) -> Vec<&'a str> {
        objects.iter().map(|o| o.identity.as_str()).collect()
    }

    #[test]
    fn the_old_face_goes_and_what_shows_its_columns_is_made_anew() {
        let crm = crm();
        let plan = plan(&crm, &crm, &[]);
        // Each before what it reads.
        assert_eq!(
            names(&plan.views),
            ["view public.deals", "view extensions.deals_face"]
        );
        assert_eq!(
            names(&plan.columns),
            ["column public.opportunities.legacy_stage"]
        );
        assert_eq!(names(&plan.with_columns), ["index public.by_stage"]);
        assert_eq!(plan.remade.len(), 1);
        assert!(!plan.remade[0].1.contains("legacy_stage"));
        assert!(plan.blockers.is_empty(), "{:?}", plan.blockers);
    }

    #[test]
    fn a_name_that_the_run_did_not_record_stays() {
        let crm = crm();
        let plan = plan(&crm, &Snapshot::default(), &[]);
        assert!(plan.views.is_empty() && plan.columns.is_empty());
    }

    #[test]
    fn what_others_built_is_in_the_way_or_is_made_anew() {
        let recorded = crm();
        let mut crm = crm();
        let theirs = "create view public.board as SELECT legacy_stage FROM o";
        crm.objects.extend([
            object(
                "view",
                "public.board",
                "class 20",
                &["class 9 column 2"],
                theirs,
            ),
            object("view", "public.old_report", "class 21", &["class 2"], ""),
            object(
                "view",
                "public.new_report",
                "class 22",
                &["class 3"],
                "create view r",
            ),
            object("policy", "p on t", "policy 1", &["class 9 column 2"], ""),
            object(
                "function",
                "f()",
                "proc 1",
                &[],
                "… select from public.deals d …",
            ),
        ]);
        crm.outside.insert(
            "class 30".into(),
            vec![("view bi.pipeline".into(), "class 2".into())],
        );
        let program = |identity: &str, triggers: &[&str]| Program {
            key: identity.replace("function f()", "proc 1"),
            identity: identity.into(),
            text: "… select from public.deals d …".into(),
            triggers: triggers.iter().map(ToString::to_string).collect(),
        };
        let programs = [
            program("function f()", &[]),
            program("function bi.g()", &["trigger t on o"]),
        ];
        let plan = plan(&crm, &recorded, &programs);
        let expected = [
            "policy p on t",
            "trigger t on o (function bi.g() names something old)",
            "view bi.pipeline",
            "view public.board",
            "view public.old_report",
        ];
        assert_eq!(plan.blockers, expected);
        let remade: Vec<&str> = plan
            .remade
            .iter()
            .map(|(o, _)| o.identity.as_str())
            .collect();
        assert_eq!(
            remade,
            [
                "view public.opportunities_summary",
                "view public.new_report"
            ]
        );
        assert_eq!(plan.mentions, ["function f()"]);
    }
}
