//! The laws, asked about one write: what was stored before and after it, and what both faces show.

use std::collections::{BTreeMap, BTreeSet};

use oppbase::mapping::{self, ColumnMap, StageMap, table};
use oppbase::pg::migrations::Baseline;
use proptest::test_runner::TestCaseError;
use serde_json::Value;
use tokio_postgres::Client;

use super::super::Crm;
use super::send::{self, Answer, Row, object, read};
use super::writes::{Making, Shape, Values, Write};

type Outcome = Result<(), TestCaseError>;

/// One opportunity with everything that hangs on it.
#[derive(Debug, PartialEq)]
pub struct Stored {
    row: Row,
    participants: String,
    contacts: String,
    /// Both lists are what the row's columns say.
    is_sound: bool,
}

/// All of them.
pub type State = BTreeMap<i64, Stored>;

const STATE: &str = include_str!("state.sql");

/// Reads the tables as their owner.
pub async fn state(owner: &Client) -> State {
    let rows = owner.query(STATE, &[]).await.expect("the rows");
    let stored = |row: &tokio_postgres::Row| Stored {
        row: serde_json::from_str(row.get(1)).expect("JSON"),
        participants: row.get(2),
        contacts: row.get(3),
        is_sound: row.get(4),
    };
    rows.iter().map(|row| (row.get(0), stored(row))).collect()
}

macro_rules! hold {
    ($condition:expr, $($text:tt)*) => {
        if !$condition {
            return Err(TestCaseError::fail(format!($($text)*)));
        }
    };
}

/// One write and the laws about it. `false`: there was no row to write.
pub async fn check(
    crm: &Crm,
    owner: &Client,
    baseline: Baseline,
    write: &Write,
) -> Result<bool, TestCaseError> {
    let before = state(owner).await;
    match write {
        Write::Save { shape, ids, values } => {
            let ids: Vec<_> = ids
                .iter()
                .filter(|id| before.contains_key(id))
                .copied()
                .collect();
            if ids.is_empty() {
                return Ok(false);
            }
            saved(crm, owner, &before, *shape, &ids, values).await?;
        }
        Write::Insert { how, rows } => {
            inserted(crm, owner, baseline, &before, *how, rows).await?;
        }
        Write::Refused {
            shape,
            id,
            column,
            value,
        } => {
            if !before.contains_key(id) {
                return Ok(false);
            }
            let seen = read(crm, "deals", &[*id]).await;
            let values = Values::from([(*column, value.clone())]);
            let (status, answer) = send::save(crm, *shape, &[*id], &values, &seen).await;
            hold!(
                (400..500).contains(&status),
                "{column} = {value} was not refused: {status} {answer}"
            );
            hold!(
                state(owner).await == before,
                "refused with {status}, and something changed: {answer}"
            );
        }
        Write::New { id, values } => {
            if !before.contains_key(id) {
                return Ok(false);
            }
            changed_by_new(crm, owner, &before, *id, values).await?;
        }
        Write::Delete { id, by_filter } => {
            if !before.contains_key(id) {
                return Ok(false);
            }
            accepted(&send::delete(crm, *id, *by_filter).await)?;
            let mut rest = before;
            rest.remove(id);
            hold!(
                state(owner).await == rest,
                "deleting {id} left something behind, or took more"
            );
            hold!(
                read(crm, "opportunities", &[*id]).await.is_empty(),
                "{id} is still shown"
            );
        }
    }
    Ok(true)
}

fn accepted((status, answer): &Answer) -> Outcome {
    hold!((200..300).contains(status), "refused: {status} {answer}");
    Ok(())
}

fn moved<'a>(before: &'a Row, after: &Row) -> Vec<&'a str> {
    let differs = |(key, value): &(&String, &Value)| after.get(*key) != Some(*value);
    before
        .iter()
        .filter(differs)
        .map(|(key, _)| key.as_str())
        .collect()
}

/// What a write of an old column may change.
fn frame(column: &ColumnMap) -> BTreeSet<&'static str> {
    column
        .derives
        .iter()
        .chain(&column.twin)
        .chain([&column.new, &"updated_at", &"search_tsv"])
        .copied()
        .collect()
}

fn column(old: &str) -> &'static ColumnMap {
    table::DEALS
        .columns
        .iter()
        .find(|column| column.old == old)
        .expect("an old column")
}

/// The stage that an old text means.
fn meant(legacy: &str) -> &'static StageMap {
    mapping::stage_of(legacy)
        .unwrap_or_else(|| mapping::stage(table::DEFAULT_STAGE).expect("a stage"))
}

/// What holds for every row whatever was written.
fn sound(id: i64, stored: &Stored) -> Outcome {
    let row = &stored.row;
    let stage = mapping::stage(row["stage"].as_str().expect("text")).expect("a stage");
    let legacy = row["legacy_stage"].as_str().expect("text");
    hold!(
        mapping::fits(legacy, stage) || meant(legacy) == stage,
        "row {id}: {legacy:?} beside {}",
        stage.stage
    );
    for (one, other) in [
        ("company_id", "customer_organization_id"),
        ("archived_at", "deleted_at"),
    ] {
        hold!(row[one] == row[other], "row {id}: {one} is not {other}");
    }
    let (expected, estimated) = (&row["expected_closing_date"], &row["estimated_close_date"]);
    hold!(
        expected.as_str().map(|text| text.split('T').next()) == estimated.as_str().map(Some),
        "row {id}: expected {expected}, estimated {estimated}"
    );
    hold!(
        row["status_manual"] == true || row["status"] == stage.status,
        "row {id}: {} in stage {}",
        row["status"],
        stage.stage
    );
    hold!(
        row["stage_manual"] == true || row["probability"] == stage.probability,
        "row {id}: {} % in stage {}",
        row["probability"],
        stage.stage
    );
    hold!(
        stored.is_sound,
        "row {id}: its relations are not what company_id and contact_ids say: {} {}",
        stored.participants,
        stored.contacts
    );
    Ok(())
}

async fn saved(
    crm: &Crm,
    owner: &Client,
    before: &State,
    shape: Shape,
    ids: &[i64],
    values: &Values,
) -> Outcome {
    let seen = read(crm, "deals", ids).await;
    let answer = send::save(crm, shape, ids, values, &seen).await;
    // What was read can always be written; so can any of the values here.
    accepted(&answer)?;
    let after = state(owner).await;
    let now = read(crm, "deals", ids).await;
    hold!(before.len() == after.len(), "rows came or went");
    for (id, old) in before {
        let new = &after[id];
        let differs = |name: &&str| seen[id][*name] != values[*name];
        let changed: BTreeSet<_> = match ids.contains(id) && shape != Shape::UpsertIgnore {
            true => values
                .keys()
                .copied()
                .filter(|name| differs(name))
                .collect(),
            false => BTreeSet::new(),
        };
        if changed.is_empty() {
            hold!(
                old == new,
                "GetPut: saving row {id} unchanged changed {:?} or its relations",
                moved(&old.row, &new.row)
            );
            continue;
        }
        // The moment of the change is automatic unless it was set.
        for (name, was) in &seen[id] {
            let wanted = values.get(name.as_str()).unwrap_or(was);
            let is_automatic = name == "updated_at" && !changed.contains("updated_at");
            hold!(
                is_automatic || now[id][name] == *wanted,
                "PutGet: row {id} {name}: sent {wanted}, read {}",
                now[id][name]
            );
        }
        let allowed: BTreeSet<_> = changed
            .iter()
            .flat_map(|name| frame(column(name)))
            .collect();
        let extra: Vec<_> = moved(&old.row, &new.row)
            .into_iter()
            .filter(|name| !allowed.contains(*name))
            .collect();
        hold!(
            extra.is_empty(),
            "Frame: row {id}: {changed:?} also changed {extra:?}"
        );
        hold!(
            changed.contains("company_id") || new.participants == old.participants,
            "Frame: row {id}: {changed:?} changed the participants"
        );
        hold!(
            changed.contains("contact_ids") || new.contacts == old.contacts,
            "Frame: row {id}: {changed:?} changed the contacts"
        );
        sound(*id, new)?;
    }
    Ok(())
}

async fn inserted(
    crm: &Crm,
    owner: &Client,
    baseline: Baseline,
    before: &State,
    how: Making,
    rows: &[Values],
) -> Outcome {
    let free = before.keys().max().copied().unwrap_or_default() + 100_000;
    accepted(&send::insert(crm, how, rows, free).await)?;
    let mut after = state(owner).await;
    let made: Vec<_> = after
        .keys()
        .filter(|id| !before.contains_key(id))
        .copied()
        .collect();
    hold!(
        made.len() == rows.len(),
        "{} rows were sent, {} are new",
        rows.len(),
        made.len()
    );
    let now = read(crm, "deals", &made).await;
    for (id, sent) in made.iter().zip(rows) {
        let new = after.remove(id).expect("it is new");
        for (name, value) in &now[id] {
            let own = baseline == Baseline::Upstream && name == "sales_id";
            let wanted = match (sent.get(name.as_str()), name.as_str()) {
                // Upstream gives a row without an owner to its writer.
                (None | Some(Value::Null), _) if own => Value::from(1),
                (Some(value), _) => value.clone(),
                (None, "id" | "created_at" | "updated_at") => {
                    hold!(!value.is_null(), "row {id}: no {name}");
                    continue;
                }
                (None, _) => Value::Null,
            };
            hold!(
                *value == wanted,
                "PutGet: new row {id} {name}: sent {wanted}, read {value}"
            );
        }
        let stage = meant(sent["stage"].as_str().expect("text"));
        hold!(
            new.row["stage"] == stage.stage && new.row["probability"] == stage.probability,
            "new row {id}: {} became {} with {} %",
            sent["stage"],
            new.row["stage"],
            new.row["probability"]
        );
        hold!(
            new.row["priority"] == "medium"
                && new.row["stage_manual"] == false
                && new.row["status_manual"] == false
                && new.row["actual_close_date"].is_null() != stage.closed,
            "new row {id}: {:?}",
            new.row
        );
        sound(*id, &new)?;
    }
    hold!(after == *before, "rows that were there changed");
    // And saving the new ones unchanged changes nothing.
    let settled = state(owner).await;
    accepted(&send::save(crm, Shape::Upsert, &made, &Values::new(), &now).await)?;
    hold!(
        state(owner).await == settled,
        "GetPut: saving new rows unchanged changed something"
    );
    Ok(())
}

/// Old columns that a write of a new column may change: none, except those that are the same fact.
fn old_side(new: &str) -> &'static [&'static str] {
    match new {
        "stage" => &["stage"],
        "customer_organization_id" => &["company_id"],
        "deleted_at" => &["archived_at"],
        "estimated_close_date" => &["expected_closing_date"],
        "contact_ids" => &["contact_ids"],
        _ => &[],
    }
}

/// New columns that a write of a new column may change, itself left out.
fn new_side(new: &str) -> &'static [&'static str] {
    match new {
        "stage" => &[
            "legacy_stage",
            "probability",
            "stage_manual",
            "status",
            "actual_close_date",
        ],
        "probability" => &["stage_manual"],
        "stage_manual" => &["probability"],
        "status" => &["status_manual"],
        "status_manual" => &["status"],
        "next_action" => &["search_tsv"],
        _ => &[],
    }
}

async fn changed_by_new(
    crm: &Crm,
    owner: &Client,
    before: &State,
    id: i64,
    values: &Values,
) -> Outcome {
    let seen = read(crm, "deals", &[id]).await;
    accepted(&send::new(crm, id, values).await)?;
    let mut after = state(owner).await;
    let new = after.remove(&id);
    let (old, others) = (
        &before[&id],
        before.iter().filter(|(other, _)| **other != id),
    );
    hold!(
        others.eq(after.iter()),
        "Frame: writing {id} changed other rows"
    );
    let Some(new) = new else {
        return Err(TestCaseError::fail(format!("{id} is gone")));
    };
    let changed: Vec<_> = values
        .iter()
        .filter(|(name, value)| old.row[**name] != **value)
        .map(|(name, _)| *name)
        .collect();
    let shown = moved(&old.row, &new.row);
    if changed.is_empty() {
        // A probability that was set counts as set by hand even where it is the value that was there.
        hold!(
            *old == new || !values.is_empty() && shown == ["stage_manual", "updated_at"],
            "GetPut: saving {id} unchanged in the new words changed {shown:?}"
        );
        return sound(id, &new);
    }
    for (name, value) in object(values) {
        // A closed stage has its own probability, and a flag taken back brings the usual value.
        let follows = values.len() > 1
            && [
                "probability",
                "status",
                "stage_manual",
                "status_manual",
                "actual_close_date",
            ]
            .contains(&name.as_str());
        hold!(
            follows || new.row[&name] == value,
            "PutGet: {id} {name}: sent {value}, stored {}",
            new.row[&name]
        );
    }
    // Beside another stage a value counts as sent even where it is the one that was there.
    let flag = |name: &&'static str| match *name {
        "status" => Some(&"status_manual"),
        "probability" => Some(&"stage_manual"),
        _ => None,
    };
    let allowed: BTreeSet<_> = changed
        .iter()
        .flat_map(|name| old_side(name).iter().chain(new_side(name)).chain([name]))
        .chain(values.keys().filter_map(flag))
        .chain([&"updated_at"])
        .collect();
    let extra: Vec<_> = shown
        .iter()
        .filter(|name| !allowed.contains(name))
        .collect();
    hold!(
        extra.is_empty(),
        "Frame: {id}: {changed:?} also changed {extra:?}"
    );
    let now = read(crm, "deals", &[id]).await;
    let allowed: BTreeSet<_> = changed
        .iter()
        .flat_map(|name| old_side(name))
        .chain([&"updated_at"])
        .collect();
    let extra: Vec<_> = moved(&seen[&id], &now[&id])
        .into_iter()
        .filter(|name| !allowed.contains(name))
        .collect();
    hold!(
        extra.is_empty(),
        "Frame: {id}: {changed:?} changed {extra:?} of the deal"
    );
    let takes_part = changed.iter().any(|name| name.ends_with("organization_id"));
    hold!(
        takes_part || new.participants == old.participants,
        "Frame: {id}: {changed:?} changed the participants"
    );
    hold!(
        changed.contains(&"contact_ids") || new.contacts == old.contacts,
        "Frame: {id}: {changed:?} changed the contacts"
    );
    sound(id, &new)
}
