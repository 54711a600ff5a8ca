//! Relations that a form sends with its row: a contact's organisations, an opportunity's participants and
//! contacts. A pass between `api_request` and `plan`, in the CRM profile. Pure.
//!
//! | relation | key | becomes |
//! |---|---|---|
//! | `contacts` | `organizations` | the column of that name; the table's trigger stores the relations |
//! | `contacts` | `organization_ids` | `organizations` with ids alone: relations that stay keep what they say |
//! | `opportunities` | `participants` | the columns of their primary organisations, and a setting |
//! | `opportunities` | `contacts` | `contact_ids`, and a setting |
//!
//! The setting `crm.nested` is local to the request's transaction; a trigger of the table reads it, so the
//! relations are saved by the statement that saves the row, with the caller's rights. Lists are whole: who
//! is not named ends. The lists of several rows come in parts (`crm.nested_0`, …), because each trigger reads
//! what it needs again, and that must not be all of it. A row and its relations are one fact under two names, so a column and a list that
//! contradict each other are refused.

use std::collections::HashMap;

use bytes::Bytes;
use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::api_request::payload::Payload;
use super::api_request::preferences::Resolution;
use super::api_request::{Action, ApiRequest, Mutation};
use super::query::snippet::Snippet;
use crate::error::{Error, codes};
use crate::schema_cache::SchemaCache;

type Row = IndexMap<String, Box<RawValue>>;

/// The key that the trigger reads.
const SETTING: &str = ", set_config('crm.nested', ";
/// The same for the parts of a JSON array.
const PARTS: [&str; 2] = [
    ", (select count(set_config('crm.nested_' || (part.place - 1), part.lists::text, true)) from json_array_elements(",
    "::json) with ordinality as part (lists, place))",
];

/// Rows whose lists are in one part.
const ROWS_OF_PART: usize = 40;

/// Relations that one request saves with its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nested(Vec<Value>);

impl Nested {
    /// Adds the settings to `select set_config(…), …`: of one row its lists, of several `[rows, parts, rows of
    /// a part]` and the parts.
    pub fn add_to(self, settings: &mut Snippet) {
        let (rows, parts) = (self.0.len(), self.0.len().div_ceil(ROWS_OF_PART));
        let (head, parts) = match self.0.as_slice() {
            [one] => (one.to_string(), None),
            lists => {
                let cut = lists.chunks(ROWS_OF_PART).map(|part| part.to_vec().into());
                let head = serde_json::json!([rows, parts, ROWS_OF_PART]);
                (head.to_string(), Some(Value::Array(cut.collect())))
            }
        };
        settings.push_sql(SETTING);
        settings.push(Snippet::unknown(head));
        settings.push_sql(", true)");
        if let Some(parts) = parts {
            settings.push_sql(PARTS[0]);
            settings.push(Snippet::unknown(parts.to_string()));
            settings.push_sql(PARTS[1]);
        }
    }
}

/// Takes the nested lists out of the body. `None`: there was nothing that needs a setting.
///
/// # Errors
/// PGRST102 for a list of another shape, for one that contradicts a column or itself, and for an upsert of
/// rows of which some have such a list and some have none.
pub fn take(request: &mut ApiRequest, cache: &SchemaCache) -> Result<Option<Nested>, Error> {
    let Action::RelationMutate { relation, mutation } = &request.action else {
        return Ok(None);
    };
    if relation.schema != "public" || *mutation == Mutation::Delete {
        return Ok(None);
    }
    let keys: &[&str] = match relation.name.as_str() {
        "contacts" => {
            check_organizations(request)?;
            &["organization_ids"]
        }
        "opportunities" => &["participants", "contacts"],
        _ => return Ok(None),
    };
    let is_served = |key: &&&str| {
        let table = cache.tables.get(relation);
        request.columns.contains(**key)
            && table.is_some_and(|table| !table.is_view && !table.columns.contains_key(**key))
    };
    if !keys.iter().any(|key| is_served(&key)) {
        return Ok(None);
    }
    match relation.name.as_str() {
        "contacts" => contacts(request).map(|()| None),
        _ => opportunities(request),
    }
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(&codes::PGRST102, message)
}

/// The rows of a JSON body; CSV has come here as JSON too.
fn rows(request: &ApiRequest) -> Result<(Vec<Row>, bool), Error> {
    let unreadable = |_| invalid("The body's lists cannot be read");
    match &request.payload {
        Some(Payload::Json {
            raw,
            is_object: true,
        }) => {
            let row = serde_json::from_slice(raw).map_err(unreadable)?;
            Ok((vec![row], true))
        }
        Some(Payload::Json {
            raw,
            is_object: false,
        }) => Ok((serde_json::from_slice(raw).map_err(unreadable)?, false)),
        _ => Err(invalid(
            "Lists of relations need a JSON body without columns=",
        )),
    }
}

fn store(request: &mut ApiRequest, rows: &[Row], is_object: bool) {
    let text = match rows {
        [row] if is_object => serde_json::to_vec(row),
        rows => serde_json::to_vec(rows),
    };
    request.columns = rows.iter().flat_map(|row| row.keys().cloned()).collect();
    request.payload = Some(Payload::Json {
        raw: Bytes::from(text.expect("keys are texts and values are JSON")),
        is_object,
    });
}

fn raw(value: &Value) -> Box<RawValue> {
    RawValue::from_string(value.to_string()).expect("a value prints as JSON")
}

// ---- contacts

/// The column `organizations` of each row: null, or relations that name their organisation. Anything else
/// would read as "no relations" and end those that are there.
fn check_organizations(request: &ApiRequest) -> Result<(), Error> {
    #[derive(Deserialize)]
    struct Sent {
        organizations: Option<Value>,
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Body {
        One(Sent),
        Many(Vec<Sent>),
    }
    if !request.columns.contains("organizations") {
        return Ok(());
    }
    let Some(Payload::Json { raw, .. } | Payload::UncheckedJson { raw }) = &request.payload else {
        return Ok(());
    };
    let rows = match serde_json::from_slice(raw) {
        Ok(Body::One(row)) => vec![row],
        Ok(Body::Many(rows)) => rows,
        Err(_) => return Err(invalid("The body's lists cannot be read")),
    };
    let names_one = |element: &Value| match &element["organization_id"] {
        Value::Number(id) => id.is_i64(),
        Value::String(id) => id
            .parse::<i64>()
            .is_ok_and(|number| number.to_string() == *id),
        _ => false,
    };
    for sent in rows.into_iter().filter_map(|row| row.organizations) {
        let list = sent.as_array();
        if !list.is_some_and(|list| list.iter().all(names_one)) {
            return Err(invalid(
                "\"organizations\" must be a list of objects with organization_id",
            ));
        }
    }
    Ok(())
}

fn contacts(request: &mut ApiRequest) -> Result<(), Error> {
    let (mut rows, is_object) = rows(request)?;
    for row in &mut rows {
        let Some(sent) = row.shift_remove("organization_ids") else {
            continue;
        };
        let ids: Option<Vec<i64>> = serde_json::from_str(sent.get())
            .map_err(|_| invalid("\"organization_ids\" must be a list of ids"))?;
        let Some(ids) = ids else { continue };
        match row.get("organizations").map(|list| list.get()) {
            None | Some("null") => {
                let list = ids
                    .iter()
                    .map(|id| serde_json::json!({"organization_id": id}));
                row.insert("organizations".into(), raw(&list.collect()));
            }
            Some(list) => agree(list, &ids)?,
        }
    }
    // All rows have the same keys, or the body would not have come here.
    let has_list = rows.iter().any(|row| row.contains_key("organizations"));
    for row in rows.iter_mut().filter(|_| has_list) {
        row.entry("organizations".into())
            .or_insert_with(|| raw(&Value::Null));
    }
    store(request, &rows, is_object);
    Ok(())
}

/// Both lists were sent: they must name the same organisations.
fn agree(list: &str, ids: &[i64]) -> Result<(), Error> {
    #[derive(Deserialize)]
    struct Named {
        organization_id: Option<i64>,
    }
    let list: Vec<Named> = serde_json::from_str(list)
        .map_err(|_| invalid("\"organizations\" must be a list of objects with organization_id"))?;
    let mut named: Vec<i64> = list
        .iter()
        .filter_map(|item| item.organization_id)
        .collect();
    let mut ids = ids.to_vec();
    named.sort_unstable();
    named.dedup();
    ids.sort_unstable();
    ids.dedup();
    if named == ids {
        return Ok(());
    }
    Err(contradiction("organizations", "organization_ids"))
}

fn contradiction(one: &str, other: &str) -> Error {
    invalid(format!(
        "\"{one}\" and \"{other}\" are one fact under two names, and this write gives them different values"
    ))
    .hint("Send one of them, or both with the same value.")
}

// ---- opportunities

/// Roles whose primary organisation is a column, and the column's other names.
const ROLES: &[(&str, &str, &[&str])] = &[
    ("customer", "customer_organization_id", &["company_id"]),
    ("principal", "principal_organization_id", &[]),
    ("distributor", "distributor_organization_id", &[]),
];

#[derive(Deserialize)]
struct Participant {
    organization_id: i64,
    role: String,
    is_primary: Option<bool>,
}

#[derive(Deserialize)]
struct Contact {
    contact_id: i64,
    is_primary: Option<bool>,
}

fn opportunities(request: &mut ApiRequest) -> Result<Option<Nested>, Error> {
    let (mut rows, is_object) = rows(request)?;
    check_all_or_none(request, &rows)?;
    let many = rows.len() > 1;
    let mut lists = Vec::with_capacity(rows.len());
    for (place, row) in rows.iter_mut().enumerate() {
        let nested = of_opportunity(row).map_err(|error| match many {
            true => error.details(format!("Row {} of the body", place + 1)),
            false => error,
        })?;
        lists.push(Value::Object(nested));
    }
    store(request, &rows, is_object);
    if lists
        .iter()
        .all(|nested| *nested == Value::Object(Map::new()))
    {
        return Ok(None);
    }
    // The trigger finds a row's lists by its place in the body.
    Ok(Some(Nested(lists)))
}

/// A list that is left out of a row changes nothing, but the columns that follow from it are one set for all
/// rows: on a row that is there already they would be emptied.
fn check_all_or_none(request: &ApiRequest, rows: &[Row]) -> Result<(), Error> {
    let is_update = matches!(&request.action, Action::RelationMutate { mutation, .. } if *mutation == Mutation::Update);
    if rows.len() > 1 && is_update {
        return Err(
            invalid("A change with participants or contacts is one object")
                .details(format!("The body has {} rows", rows.len())),
        );
    }
    if request.preferences.resolution != Some(Resolution::MergeDuplicates) {
        return Ok(());
    }
    let is_list = |row: &Row, key: &str| row.get(key).is_some_and(|list| list.get() != "null");
    for key in ["participants", "contacts"] {
        let with = rows.iter().filter(|row| is_list(row, key)).count();
        if with > 0 && with < rows.len() {
            return Err(invalid(format!(
                "Either every row of an upsert has \"{key}\" or none"
            ))
            .details(format!("{with} of {} rows have it", rows.len())));
        }
    }
    Ok(())
}

/// Takes both lists out of a row and writes the columns that follow from them.
fn of_opportunity(row: &mut Row) -> Result<Map<String, Value>, Error> {
    let mut nested = Map::new();
    if let Some(list) = list(row, "participants")? {
        let participants: Vec<Participant> =
            elements(&list, "participants", "organization_id and role")?;
        check_primaries(&participants)?;
        for (role, column, others) in ROLES {
            let primary = primary_of(&participants, role);
            put(row, column, others, "participants", &primary.into())?;
        }
        nested.insert("participants".into(), list);
    }
    if let Some(list) = list(row, "contacts")? {
        let contacts: Vec<Contact> = elements(&list, "contacts", "contact_id")?;
        if contacts
            .iter()
            .filter(|contact| contact.is_primary == Some(true))
            .count()
            > 1
        {
            return Err(invalid("\"contacts\" has more than one primary contact"));
        }
        let ids: Vec<i64> = contacts.iter().map(|contact| contact.contact_id).collect();
        put(row, "contact_ids", &[], "contacts", &ids.into())?;
        nested.insert("contacts".into(), list);
    }
    Ok(nested)
}

/// Takes a list out of the row; `null` means that nothing was sent.
fn list(row: &mut Row, key: &str) -> Result<Option<Value>, Error> {
    let Some(sent) = row.shift_remove(key) else {
        return Ok(None);
    };
    match serde_json::from_str(sent.get()) {
        Ok(Value::Null) => Ok(None),
        Ok(list @ Value::Array(_)) => Ok(Some(list)),
        _ => Err(invalid(format!("\"{key}\" must be a list of objects"))),
    }
}

fn elements<T: for<'de> Deserialize<'de>>(
    list: &Value,
    key: &str,
    needs: &str,
) -> Result<Vec<T>, Error> {
    Vec::deserialize(list).map_err(|error| {
        invalid(format!("\"{key}\" must be a list of objects with {needs}"))
            .details(error.to_string())
    })
}

/// A role has one primary organisation: of two, neither may win silently.
fn check_primaries(participants: &[Participant]) -> Result<(), Error> {
    let mut of_role: HashMap<&str, i64> = HashMap::new();
    for one in participants
        .iter()
        .filter(|one| one.is_primary == Some(true))
    {
        let id = one.organization_id;
        let other = *of_role.entry(&one.role).or_insert(id);
        if other != id {
            return Err(invalid(format!(
                "\"participants\" has more than one primary {}: organisations {other} and {id}",
                one.role
            ))
            .hint("Mark one organisation of each role as primary."));
        }
    }
    Ok(())
}

/// The organisation that stands in the column of a role. A customer is primary even when nobody says so.
fn primary_of(participants: &[Participant], role: &str) -> Option<i64> {
    let mut of_role = participants.iter().filter(|one| one.role == role);
    let primary = of_role.clone().find(|one| one.is_primary == Some(true));
    let chosen = match primary {
        None if role == "customer" => of_role.next(),
        primary => primary,
    };
    chosen.map(|one| one.organization_id)
}

/// Writes a column that follows from a list, unless the body says otherwise under one of its names.
fn put(
    row: &mut Row,
    column: &str,
    others: &[&str],
    list: &str,
    value: &Value,
) -> Result<(), Error> {
    for name in std::iter::once(&column).chain(others) {
        let sent = row
            .get(*name)
            .and_then(|sent| serde_json::from_str::<Value>(sent.get()).ok());
        match sent {
            Some(sent) if sent != *value && sent.as_str() != Some(&value.to_string()) => {
                return Err(contradiction(name, list));
            }
            _ => {}
        }
    }
    row.insert(column.to_owned(), raw(value));
    Ok(())
}

#[cfg(test)]
#[path = "nested_tests.rs"]
mod tests;
