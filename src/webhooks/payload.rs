//! From a noted change to the body that is sent.
//!
//! In: the event's name and the change as the triggers noted it. Out: compact JSON, the same bytes at every
//! attempt, because signatures are over bytes. Which stored column an old name reads comes from
//! [`crate::mapping`]. Pure. A row's values are passed on as they are written, however deep they are nested and
//! however many digits they have: nobody here needs to understand them.
//!
//! ```text
//! {"id":"…","event":"opportunity.won","timestamp":"2026-11-22T10:00:00.000Z","data":{…},
//!  "metadata":{"version":"2.0","source":"crm","user_id":"…"}}
//! ```

use chrono::{DateTime, SecondsFormat, Utc};
use indexmap::IndexMap;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::mapping::table::{DEAL_NOTES, DEALS, EVENTS, STAGES};
use crate::mapping::{self, RelationMap};

/// Columns of the new face that no payload shows: search input, kept by the database for itself.
const HIDDEN: &[&str] = &["search_tsv"];
/// What version 1 shows of a deal; `contact_id` and `close_date` are its own.
const V1_COLUMNS: &[&str] = &["id", "name", "amount", "stage", "company_id"];

/// The vocabulary of a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// `deal.*`: old words, few columns.
    V1,
    /// `opportunity.*`: the real columns.
    V2,
}

impl Version {
    /// The vocabulary that an event's name belongs to.
    pub fn of(event: &str) -> Self {
        match EVENTS.iter().any(|map| map.old == event) {
            true => Self::V1,
            false => Self::V2,
        }
    }

    /// As metadata says it.
    pub fn text(self) -> &'static str {
        match self {
            Self::V1 => "1.0",
            Self::V2 => "2.0",
        }
    }
}

/// The events of version 1.
pub(super) fn version_1_events() -> impl Iterator<Item = &'static str> {
    EVENTS.iter().map(|map| map.old)
}

/// A row as JSON, in the order of its columns; the values are not looked into.
pub type Image = IndexMap<String, Box<RawValue>>;

/// One change as the triggers noted it.
#[derive(Debug, Clone)]
pub struct Change {
    /// The row. A column that it should have and has not is `null`.
    pub image: Image,
    /// `[{organization_id, role, is_primary}]`; `None` for a note.
    pub participants: Option<Value>,
    /// `[{contact_id, role, is_primary}]`; `None` for a note.
    pub contacts: Option<Value>,
    /// Enum value before an update.
    pub previous_stage: Option<String>,
    /// Old text before an update.
    pub previous_legacy_stage: Option<String>,
    /// `sub` of the writer's token.
    pub user_id: Option<String>,
    pub occurred_at: DateTime<Utc>,
}

/// What is sent.
#[derive(Serialize)]
struct Envelope<'a> {
    id: Uuid,
    event: &'a str,
    timestamp: String,
    data: Image,
    metadata: Value,
}

impl<'a> Envelope<'a> {
    fn of(id: Uuid, event: &'a str, change: &Change) -> Self {
        let version = Version::of(event);
        let mut metadata = json!({"version": version.text(), "source": "crm"});
        if version == Version::V2 {
            metadata["user_id"] = change.user_id.clone().into();
        }
        let timestamp = change.occurred_at;
        Self {
            id,
            event,
            timestamp: timestamp.to_rfc3339_opts(SecondsFormat::Millis, true),
            data: data(event, version, change),
            metadata,
        }
    }
}

/// The bytes to send. `id` is the delivery's, the same at every attempt.
pub fn body(id: Uuid, event: &str, change: &Change) -> Vec<u8> {
    let body = serde_json::to_vec(&Envelope::of(id, event, change));
    compact(body.expect("JSON values can always be written"))
}

/// JSON without the blanks between its tokens, with which PostgreSQL prints a nested value.
fn compact(mut json: Vec<u8>) -> Vec<u8> {
    let (mut in_string, mut is_escaped) = (false, false);
    json.retain(|byte| {
        let is_blank = matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
        let is_kept = in_string || !is_blank;
        in_string ^= *byte == b'"' && !is_escaped;
        is_escaped = in_string && *byte == b'\\' && !is_escaped;
        is_kept
    });
    json
}

/// The body as a value; for a change whose values can be read, as that of an example.
pub fn envelope(id: Uuid, event: &str, change: &Change) -> Value {
    let envelope = serde_json::to_value(Envelope::of(id, event, change));
    envelope.expect("keys are texts")
}

fn data(event: &str, version: Version, change: &Change) -> Image {
    let is_note = change.contacts.is_none();
    let mut data = match (version, is_note) {
        (Version::V1, true) => old_face(&DEAL_NOTES, change),
        (Version::V1, false) => deal(change),
        (Version::V2, true) => change.image.clone(),
        (Version::V2, false) => opportunity(change),
    };
    if event.ends_with(".stage_changed") {
        let previous = match version {
            Version::V1 => &change.previous_legacy_stage,
            Version::V2 => &change.previous_stage,
        };
        data.insert("previous_stage".into(), raw(previous));
    }
    data
}

fn raw(value: impl Serialize) -> Box<RawValue> {
    to_raw_value(&value).expect("texts and JSON values can always be written")
}

fn column(change: &Change, name: &str) -> Box<RawValue> {
    let found = change.image.get(name).cloned();
    found.unwrap_or_else(|| RawValue::NULL.to_owned())
}

/// An old column's value.
fn old_column(relation: &RelationMap, change: &Change, name: &str) -> Box<RawValue> {
    let map = mapping::column_by_old_name(relation, name);
    column(change, map.map_or(name, |map| map.new))
}

fn old_face(relation: &RelationMap, change: &Change) -> Image {
    let columns = relation.columns.iter();
    columns
        .map(|map| (map.old.to_owned(), column(change, map.new)))
        .collect()
}

fn deal(change: &Change) -> Image {
    let mut data = Image::new();
    let named = |name: &str| (name.to_owned(), old_column(&DEALS, change, name));
    data.extend(V1_COLUMNS.iter().map(|name| named(name)));
    data.insert("contact_id".into(), raw(primary_contact(change)));
    data.extend(["contact_ids", "sales_id"].map(named));
    let (_, closing) = named("expected_closing_date");
    data.insert("close_date".into(), closing);
    data.extend([named("created_at")]);
    data
}

/// The contact marked as first; else the first one of the list.
fn primary_contact(change: &Change) -> Value {
    let contacts = change.contacts.as_ref().and_then(Value::as_array);
    let marked = contacts
        .into_iter()
        .flatten()
        .find(|contact| contact["is_primary"] == true)
        .map(|contact| contact["contact_id"].clone());
    let ids = change.image.get("contact_ids");
    let first = || {
        let ids: Vec<Option<i64>> = serde_json::from_str(ids?.get()).ok()?;
        ids.into_iter().flatten().next().map(Value::from)
    };
    marked.or_else(first).unwrap_or_default()
}

fn opportunity(change: &Change) -> Image {
    let mut data = change.image.clone();
    data.retain(|name, _| !HIDDEN.contains(&name.as_str()));
    let list = |members: &Option<Value>| raw(members.as_ref().unwrap_or(&json!([])));
    data.insert("participants".into(), list(&change.participants));
    data.insert("contacts".into(), list(&change.contacts));
    data
}

/// The closing date that people edit: a moment in one baseline, a day in the other.
pub(super) const CLOSING: &str = "expected_closing_date";

/// The sample as a database tells it in which the closing date is a day.
pub(super) fn close_on_a_day(change: &mut Change) {
    if let Some(day) = change.image.get("estimated_close_date").cloned() {
        change.image.insert(CLOSING.into(), day);
    }
}

/// A change that never happened, for test deliveries and documents.
pub fn sample(event: &str) -> Change {
    let image = match event.starts_with("dealNote.") || event.starts_with("opportunity_note.") {
        true => include_str!("sample_note.json"),
        false => include_str!("sample_opportunity.json"),
    };
    let mut image: Image = serde_json::from_str(image).expect("a checked-in JSON object");
    let is_note = image.contains_key("opportunity_id");
    let (_, what) = event.split_once('.').unwrap_or_default();
    let stage = match what {
        "won" => Some("closed_won"),
        "lost" => Some("closed_lost"),
        "stage_changed" => Some("proposal"),
        _ => None,
    };
    if let Some(stage) = STAGES.iter().find(|known| stage == Some(known.stage)) {
        image.insert("stage".into(), raw(stage.stage));
        image.insert("legacy_stage".into(), raw(stage.legacy));
        image.insert("probability".into(), raw(stage.probability));
        if stage.closed {
            image.insert("actual_close_date".into(), raw("2026-11-22"));
        }
    }
    if what == "archived" {
        for moment in ["archived_at", "deleted_at"] {
            image.insert(moment.into(), raw("2026-11-22T10:00:00+00:00"));
        }
    }
    let members = |value: Value| (!is_note).then_some(value);
    Change {
        participants: members(
            json!([{"organization_id": 3, "role": "customer", "is_primary": true}]),
        ),
        contacts: members(json!([{"contact_id": 7, "role": "decision_maker", "is_primary": true}])),
        image,
        previous_stage: Some("qualified".into()),
        previous_legacy_stage: Some("opportunity".into()),
        user_id: Some("0f5c7a52-6a0e-4a5e-9d53-2f1c6f0b7a11".into()),
        occurred_at: DateTime::UNIX_EPOCH,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhooks::event_names;

    fn value(raw: &RawValue) -> Value {
        serde_json::from_str(raw.get()).unwrap()
    }

    fn keys(value: &Value) -> Vec<&str> {
        let object = value.as_object().unwrap();
        object.keys().map(String::as_str).collect()
    }

    /// What a receiver looks for in an event is in its example.
    #[test]
    fn an_example_says_what_its_event_says() {
        let data = |event: &str| envelope(Uuid::nil(), event, &sample(event))["data"].clone();
        for (new, old, stage, text) in [
            ("opportunity.won", "deal.won", "closed_won", "won"),
            ("opportunity.lost", "deal.lost", "closed_lost", "lost"),
        ] {
            assert_eq!(data(new)["stage"], stage);
            assert_eq!(data(new)["actual_close_date"], "2026-11-22");
            assert_eq!(data(old)["stage"], text);
        }
        assert_ne!(data("opportunity.archived")["archived_at"], Value::Null);
        for event in ["opportunity.stage_changed", "deal.stage_changed"] {
            assert_ne!(
                data(event)["stage"],
                data(event)["previous_stage"],
                "{event}"
            );
        }
    }

    #[test]
    fn every_event_has_an_envelope_of_its_version() {
        for event in event_names() {
            let envelope = envelope(Uuid::nil(), event, &sample(event));
            assert_eq!(
                keys(&envelope),
                ["id", "event", "timestamp", "data", "metadata"]
            );
            assert_eq!(envelope["event"], event);
            assert_eq!(envelope["timestamp"], "1970-01-01T00:00:00.000Z");
            let is_old = event.starts_with("deal");
            let metadata = &envelope["metadata"];
            assert_eq!(metadata["source"], "crm");
            assert_eq!(metadata["version"], if is_old { "1.0" } else { "2.0" });
            assert_eq!(metadata["user_id"].is_string(), !is_old, "{event}");
            let changed = event.ends_with(".stage_changed");
            assert_eq!(
                envelope["data"].get("previous_stage").is_some(),
                changed,
                "{event}"
            );
            assert!(envelope["data"].get("search_tsv").is_none());
        }
    }

    #[test]
    fn version_1_speaks_the_old_words() {
        let mut change = sample("deal.stage_changed");
        change.image["legacy_stage"] = raw("proposal-sent");
        let body = envelope(Uuid::nil(), "deal.stage_changed", &change);
        let data = &body["data"];
        assert_eq!(
            keys(data),
            [
                "id",
                "name",
                "amount",
                "stage",
                "company_id",
                "contact_id",
                "contact_ids",
                "sales_id",
                "close_date",
                "created_at",
                "previous_stage",
            ]
        );
        assert_eq!(data["stage"], "proposal-sent");
        assert_eq!(data["previous_stage"], "opportunity");
        assert_eq!(data["contact_id"], 7);
        assert_eq!(
            data["close_date"],
            value(&change.image["expected_closing_date"])
        );
        change.contacts = Some(json!([]));
        change.image["contact_ids"] = raw([None, Some(9), Some(7)]);
        let body = envelope(Uuid::nil(), "deal.created", &change);
        assert_eq!(body["data"]["contact_id"], 9);
    }

    #[test]
    fn version_2_has_the_real_columns_and_who_takes_part() {
        let change = sample("opportunity.stage_changed");
        let body = envelope(Uuid::nil(), "opportunity.stage_changed", &change);
        let data = &body["data"];
        for (name, value) in change
            .image
            .iter()
            .filter(|(name, _)| *name != "search_tsv")
        {
            assert_eq!(data[name], self::value(value), "{name}");
        }
        assert_eq!(data["previous_stage"], "qualified");
        assert_eq!(data["participants"][0]["role"], "customer");
        assert_eq!(data["contacts"][0]["contact_id"], 7);
    }

    #[test]
    fn notes_name_their_deal_or_their_opportunity() {
        let note = sample("dealNote.created");
        let old = envelope(Uuid::nil(), "dealNote.created", &note);
        assert_eq!(old["data"]["deal_id"], value(&note.image["opportunity_id"]));
        assert!(old["data"].get("opportunity_id").is_none());
        assert!(old["data"]["type"].is_string());
        let new = envelope(Uuid::nil(), "opportunity_note.created", &note);
        assert_eq!(
            new["data"]["opportunity_id"],
            value(&note.image["opportunity_id"])
        );
    }

    /// A parser that was tried with an example takes the real thing.
    #[test]
    fn closing_dates_are_of_the_databases_type() {
        let shown = |change: &Change| {
            let new = envelope(Uuid::nil(), "opportunity.won", change);
            let old = envelope(Uuid::nil(), "deal.won", change);
            assert_eq!(new["data"][CLOSING], old["data"]["close_date"]);
            old["data"]["close_date"].as_str().unwrap().to_owned()
        };
        let mut change = sample("opportunity.won");
        assert_eq!(shown(&change), "2026-12-15T00:00:00+00:00");
        close_on_a_day(&mut change);
        assert_eq!(shown(&change), "2026-12-15");
    }

    #[test]
    fn values_are_passed_on_as_they_are_written() {
        let deep = format!("{}1{}", "[".repeat(3000), "]".repeat(3000));
        let mut change = sample("opportunity.created");
        for (name, text) in [
            ("amount", "9007199254740993"),
            ("own_1", "12345678901234567890.00123456789"),
            ("own_2", "1e400"),
            ("own_3", deep.as_str()),
            ("own_4", r#"{"a \" b": [1, "\\ , \\", "x: y"]}"#),
        ] {
            let value = RawValue::from_string(text.to_owned()).unwrap();
            change.image.insert(name.to_owned(), value);
        }
        let text = String::from_utf8(body(Uuid::nil(), "opportunity.created", &change)).unwrap();
        let deep = format!("\"own_3\":{deep},");
        for expected in [
            "\"amount\":9007199254740993,",
            "\"own_1\":12345678901234567890.00123456789,",
            "\"own_2\":1e400,",
            &deep,
            r#""own_4":{"a \" b":[1,"\\ , \\","x: y"]},"#,
        ] {
            assert!(text.contains(expected), "{expected}: {text}");
        }
    }
}
