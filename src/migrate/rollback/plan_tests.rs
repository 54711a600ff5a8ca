//! The plan on catalogues of a few objects.

use std::sync::LazyLock;

use serde_json::json;

use super::ours::Ours;
use super::plan::{Plan, Step, plan};
use crate::migrate::catalogue::{AFTER, Object, Snapshot};
use crate::migrate::touched::{Reached, Touched};

/// An object on table 1: kind, key, name, what it depends on.
fn object(kind: &str, key: &str, table: &str, name: &str, depends: &[&str]) -> Object {
    let (identity, parent) = match kind {
        "table" | "view" => (format!("{kind} public.{name}"), "namespace 1"),
        "column" => (format!("column public.{table}.{name}"), "class 1"),
        _ => (format!("{kind} {name} on public.{table}"), "class 1"),
    };
    Object {
        kind: kind.into(),
        key: key.into(),
        parent: Some(parent.into()),
        identity,
        relation: format!("public.{}", if kind == "view" { name } else { table }),
        name: name.into(),
        facts: json!({"type": "text"}),
        make: Some(format!("make {name}")),
        remove: Some(format!("drop {name}")),
        depends: depends.iter().map(ToString::to_string).collect(),
    }
}

fn snapshot(objects: Vec<Object>) -> Snapshot {
    Snapshot {
        objects,
        ..Snapshot::default()
    }
}

fn before() -> Snapshot {
    snapshot(vec![
        object("table", "class 1", "deals", "deals", &[]),
        object("column", "class 1 column 1", "deals", "stage", &[]),
        object("trigger", "trigger 7", "deals", "theirs", &[]),
    ])
}

/// Renamed, with a column `stage` of the run's, an older view of somebody's and the run's own view.
fn after() -> Vec<Object> {
    vec![
        object("table", "class 1", "opportunities", "opportunities", &[]),
        object(
            "column",
            "class 1 column 1",
            "opportunities",
            "legacy_stage",
            &[],
        ),
        object("column", "class 1 column 2", "opportunities", "stage", &[]),
        object("trigger", "trigger 7", "opportunities", "theirs", &[]),
        object(
            "view",
            "class 2",
            "",
            "deals",
            &["class 1", "class 1 column 1"],
        ),
        object(
            "view",
            "class 3",
            "",
            "opportunities_summary",
            &["class 2", "class 1 column 2"],
        ),
    ]
}

/// What this run makes and changes.
fn run() -> (&'static Touched, Reached) {
    static TOUCHED: LazyLock<Touched> = LazyLock::new(|| {
        Touched::parse(
            "1.1 changed table public.deals\n\
             1.1 changed column public.deals.stage\n\
             1.1 changed column public.deals.new_stage\n\
             1.1 made column public.opportunities.stage\n\
             1.1 made view public.deals\n\
             1.1 made view public.opportunities_summary\n",
        )
    });
    (&TOUCHED, Reached::after(Some(AFTER)))
}

fn planned(since: Vec<Object>) -> Plan {
    let mut now = after();
    now.extend(since);
    let ours = Ours::new(&before(), vec![snapshot(after())], true, run());
    plan(&before(), &snapshot(now), &ours)
}

fn drops(plan: &Plan) -> Vec<&str> {
    plan.steps
        .iter()
        .map(|step| match step {
            Step::Drop(sql) => sql.as_str(),
            Step::Move { key, .. } => key.as_str(),
        })
        .collect()
}

#[test]
fn what_the_run_made_goes_dependents_first_and_names_come_back() {
    let plan = planned(vec![]);
    assert!(plan.blockers.is_empty(), "{:?}", plan.blockers);
    assert_eq!(
        drops(&plan),
        ["drop opportunities_summary", "drop stage", "drop deals"]
    );
    assert_eq!(
        plan.renames,
        [
            "alter table public.opportunities rename column legacy_stage to stage",
            "alter table public.opportunities rename to deals",
        ]
    );
    assert_eq!(plan.added_columns[0].columns, ["stage"]);
    assert_eq!(plan.locks, ["public.opportunities"]);
}

#[test]
fn somebody_elses_stays_unless_it_stands_on_what_goes() {
    let column = object(
        "column",
        "class 1 column 3",
        "opportunities",
        "priority",
        &[],
    );
    let view = |on| object("view", "class 9", "", "theirs", &[on]);
    let kept = planned(vec![column.clone(), view("class 1 column 1")]);
    assert!(kept.blockers.is_empty(), "{:?}", kept.blockers);
    assert_eq!(
        kept.kept,
        ["column public.opportunities.priority", "view public.theirs"]
    );
    assert!(
        !drops(&kept).contains(&"drop priority"),
        "the name alone tells nothing"
    );
    let blocked = planned(vec![view("class 1 column 2")]);
    assert_eq!(
        blocked.blockers,
        ["view public.theirs (on column public.opportunities.stage)"]
    );
    let trigger = object("trigger", "trigger 8", "opportunities", "new", &[]);
    assert_eq!(
        planned(vec![trigger]).blockers,
        ["trigger new on public.opportunities"]
    );
}

#[test]
fn columns_that_swap_names_take_a_name_between() {
    let target = snapshot(vec![
        object("table", "class 1", "deals", "deals", &[]),
        object("column", "class 1 column 1", "deals", "stage", &[]),
        object("column", "class 1 column 2", "deals", "new_stage", &[]),
    ]);
    let now = snapshot(vec![
        object("table", "class 1", "deals", "deals", &[]),
        object("column", "class 1 column 1", "deals", "old_stage", &[]),
        object("column", "class 1 column 2", "deals", "stage", &[]),
    ]);
    let ours = Ours::new(&target, vec![], true, run());
    let plan = plan(&target, &now, &ours);
    assert_eq!(
        plan.renames,
        [
            "alter table public.deals rename column old_stage to migration_rename_0",
            "alter table public.deals rename column stage to new_stage",
            "alter table public.deals rename column migration_rename_0 to stage",
        ]
    );
}
