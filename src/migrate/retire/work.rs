//! Removes the old words in one transaction, and proves before its end that nothing else has changed.
//!
//! In: the plan, made again under the locks. Out: the committed change with its row of the history. Locks are
//! waited for briefly, again and again: readers and writers of the CRM go first.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use tokio_postgres::{Client, Transaction};

use super::plan::{self, Plan, belongings, hangs_on, is_of_old_column};
use super::{
    Grace, Item, PLACE, Preview, Report, Retirement, edit, programs, refuse_blocked, sides,
};
use crate::migrate::catalogue::{self, Object, Snapshot};
use crate::migrate::lock::RunLock;
use crate::migrate::state::{self, Note, Status};
use crate::migrate::table_locks::{self, Mode, TableLock};
use crate::migrate::{Fault, Log};

/// How often the locks are asked for, and for how long each time.
const ATTEMPTS: u32 = 20;
const LOCK_TIMEOUT: Duration = Duration::from_millis(500);
const LOCKS: [TableLock<'static>; 3] = [
    ("public.contacts", Mode::AccessExclusive),
    ("public.opportunities", Mode::AccessExclusive),
    ("public.\"opportunityNotes\"", Mode::AccessExclusive),
];
const REVOKE: &str = include_str!("sql/revoke.sql");
const WEBHOOKS: &str = include_str!("sql/webhooks.sql");

/// What goes, with the space that it takes.
pub(super) async fn items(client: &Client, plan: &Plan<'_>) -> Result<Vec<Item>, Fault> {
    let mut items = vec![];
    let all = plan.views.iter().chain(&plan.columns);
    for object in all.chain(&plan.with_columns).chain(&plan.functions) {
        let sql = match object.kind.as_str() {
            "column" => format!(
                "select coalesce(sum(pg_column_size({})), 0)::bigint from {}",
                object.name, object.relation
            ),
            "index" => format!(
                "select coalesce(pg_relation_size(to_regclass({})), 0)",
                crate::pg::ident::quote_literal(object.identity.trim_start_matches("index "))
            ),
            _ => "select 0::bigint".to_owned(),
        };
        items.push(Item {
            name: object.identity.clone(),
            bytes: client.query_one(&sql, &[]).await?.get(0),
        });
    }
    Ok(items)
}

/// Does it. `None` when it is done already.
pub(in crate::migrate) async fn execute(
    client: &mut Client,
    lock: &RunLock,
    grace: Grace,
    log: &Log,
) -> Result<Option<Report>, Fault> {
    let preview = match super::preview(client, grace).await? {
        Retirement::Done(_) => return Ok(None),
        Retirement::Work(preview) => *preview,
    };
    let mut attempt = 1;
    loop {
        match attempt_once(client, lock, &preview).await {
            Err(fault) if fault.is_contention() && attempt < ATTEMPTS => {
                log.info(&format!("others are at work ({attempt}): {fault}"));
                tokio::time::sleep(Duration::from_millis(100) * attempt).await;
                attempt += 1;
            }
            Err(fault) if fault.is_contention() => {
                return Err(fault.hint("nothing was changed; try again when there is less traffic"));
            }
            outcome => {
                outcome?;
                break;
            }
        }
    }
    let at = super::retired_at(client, &preview.run).await?;
    let sum = |of_columns: bool| -> i64 {
        let items = preview.items.iter();
        items
            .filter(|item| item.name.starts_with("column ") == of_columns)
            .map(|item| item.bytes)
            .sum()
    };
    log.info(&format!(
        "retired the old names: {} objects",
        preview.items.len()
    ));
    Ok(Some(Report {
        at: at.ok_or_else(|| Fault::failed("the retirement was not recorded"))?,
        bytes_freed: sum(false),
        bytes_reusable: sum(true),
        preview,
    }))
}

async fn attempt_once(client: &mut Client, lock: &RunLock, preview: &Preview) -> Result<(), Fault> {
    let transaction = client.transaction().await?;
    lock.require(&transaction).await?;
    table_locks::take(&transaction, &LOCKS, LOCK_TIMEOUT).await?;
    let (current, recorded) = sides(&transaction, &preview.run).await?;
    let plan = plan::plan(&current, &recorded, &programs(&transaction).await?);
    refuse_blocked(&plan)?;
    change(&transaction, &plan, &current).await?;
    prove(&catalogue::read(&transaction).await?, &plan, &current)?;
    let metadata = json!({"removed": preview.items, "changed": preview.changed});
    let note = Note {
        metadata: Some(&metadata),
        ..Note::default()
    };
    state::mark(&transaction, preview.run.id, PLACE, Status::Completed, note).await?;
    transaction
        .batch_execute("notify pgrst, 'reload schema'; notify pgrst, 'reload config'")
        .await?;
    transaction.commit().await?;
    Ok(())
}

async fn change(
    transaction: &Transaction<'_>,
    plan: &Plan<'_>,
    current: &Snapshot,
) -> Result<(), Fault> {
    let removed = plan.remade.iter().rev().map(|(object, _)| *object);
    for object in removed.chain(plan.views.iter().copied()) {
        remove(transaction, object).await?;
    }
    for (object, definition) in &plan.changed {
        if object.kind == "trigger" {
            remove(transaction, object).await?;
        }
        run(transaction, object, definition).await?;
    }
    for row in transaction.query(WEBHOOKS, &[]).await? {
        let (name, definition): (String, String) = (row.get(0), row.get(1));
        let text = edit::webhook(&definition).ok_or_else(|| {
            Fault::refused(format!(
                "function {name} is not the one that this program knows"
            ))
        })?;
        transaction
            .batch_execute(&text)
            .await
            .map_err(|error| Fault::from(error).at(&name))?;
    }
    for object in plan.columns.iter().chain(&plan.functions) {
        remove(transaction, object).await?;
    }
    for (object, definition) in &plan.remade {
        run(transaction, object, definition).await?;
        let revoke = REVOKE.replace("{view}", &object.relation);
        run(transaction, object, &revoke).await?;
        let mut belongings = belongings(current, object);
        // Grants are the owner's to give.
        belongings.sort_by_key(|other| other.kind != "owner");
        for other in belongings {
            if let Some(make) = &other.make {
                run(transaction, other, make).await?;
            }
        }
    }
    Ok(())
}

async fn remove(transaction: &Transaction<'_>, object: &Object) -> Result<(), Fault> {
    match &object.remove {
        Some(sql) => run(transaction, object, sql).await,
        None => Ok(()),
    }
}

async fn run(transaction: &Transaction<'_>, object: &Object, sql: &str) -> Result<(), Fault> {
    let outcome = transaction.batch_execute(sql).await;
    outcome.map_err(|error| Fault::from(error).at(&object.identity))
}

/// Everything that was there is there with the same facts, but for what was planned; nothing is new.
fn prove(after: &Snapshot, plan: &Plan<'_>, before: &Snapshot) -> Result<(), Fault> {
    let expected = facts(
        plan,
        before.objects.iter().filter(|object| !goes(plan, object)),
    );
    let found = facts(plan, after.objects.iter());
    let mut names: Vec<&str> = vec![];
    for (key, facts) in &expected {
        if found.get(key) != Some(facts) {
            names.push(key.1);
        }
    }
    names.extend(
        found
            .keys()
            .filter(|key| !expected.contains_key(*key))
            .map(|key| key.1),
    );
    if names.is_empty() {
        return Ok(());
    }
    names.truncate(5);
    Err(Fault::failed(format!(
        "something else would have changed: {}",
        names.join(", ")
    ))
    .hint("nothing was changed; this is a fault of the program, please report it"))
}

/// It goes, or hangs on what goes.
fn goes(plan: &Plan<'_>, object: &Object) -> bool {
    let lists = [
        &plan.views,
        &plan.columns,
        &plan.with_columns,
        &plan.functions,
    ];
    let mut remade = plan.remade.iter();
    lists
        .into_iter()
        .flatten()
        .any(|going| object.key == going.key || hangs_on(object, going))
        || is_of_old_column(object) && remade.any(|(view, _)| hangs_on(object, view))
}

/// Facts by kind and identity; none of what gets a new definition.
fn facts<'a>(
    plan: &Plan<'_>,
    objects: impl Iterator<Item = &'a Object>,
) -> BTreeMap<(&'a str, &'a str), Option<&'a Value>> {
    let is_new = |object: &Object| {
        let mut all = plan.remade.iter().chain(&plan.changed);
        all.any(|(other, _)| other.identity == object.identity)
    };
    objects
        .map(|object| {
            let key = (object.kind.as_str(), object.identity.as_str());
            (key, Some(&object.facts).filter(|_| !is_new(object)))
        })
        .collect()
}
