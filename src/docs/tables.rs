//! Tables of the guide, each from the place that the server itself reads.

use std::fmt::Write as _;

use serde_json::Value;

use super::earlier::CORRECTIONS;
use crate::mapping::table::{
    ACTIVITY_TYPES, CONFIGURATION_KEYS, DEALS, ENTITIES, ENVIRONMENT, EVENTS, RELATIONS, STAGES,
    VIEWS,
};
use crate::mapping::{self, NameMap, RelationMap, is_lossy};

/// A Markdown table.
fn table(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut out = format!(
        "| {} |\n|{}\n",
        head.join(" | "),
        " --- |".repeat(head.len())
    );
    for row in rows {
        let cells: Vec<_> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    }
    out
}

fn code(text: &str) -> String {
    match text {
        "" => String::new(),
        text => format!("`{text}`"),
    }
}

fn codes(names: &[&str]) -> String {
    let names: Vec<_> = names.iter().map(|name| code(name)).collect();
    names.join(", ")
}

/// Old names of relations with their new one.
pub fn relations() -> String {
    let rows = RELATIONS.iter().map(|map| {
        let mut new = vec![map.new];
        new.extend(map.aliases);
        vec![codes(map.old), codes(&new), map.note.into()]
    });
    let views = VIEWS
        .iter()
        .map(|map| vec![code(map.old), code(map.new), map.note.into()]);
    table(&["old", "new", ""], rows.chain(views))
}

/// Deprecated operations of the document and what takes their place.
pub fn operations(document: &Value) -> String {
    let mut rows = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (verb, operation) in item.as_object().into_iter().flatten() {
            if operation["deprecated"] != true {
                continue;
            }
            let mut new = successor(path);
            if !document["paths"][&new][verb].is_object() {
                // A summary of the new vocabulary is only read; its rows are written where they are.
                new = new.replace("_summary", "");
            }
            let verb = verb.to_uppercase();
            rows.push(vec![
                format!("`{verb} {path}`"),
                format!("`{verb} {new}`"),
                operation["summary"].as_str().unwrap_or_default().into(),
            ]);
        }
    }
    table(&["old", "new", ""], rows)
}

/// The operations of a tag.
pub fn tagged(document: &Value, tag: &str) -> String {
    let mut rows = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (verb, operation) in item.as_object().into_iter().flatten() {
            if operation["tags"][0] == tag {
                let summary = operation["summary"].as_str().unwrap_or_default();
                rows.push(vec![
                    format!("`{} {path}`", verb.to_uppercase()),
                    summary.into(),
                ]);
            }
        }
    }
    table(&["operation", ""], rows)
}

/// The path with the old name replaced.
fn successor(path: &str) -> String {
    let words = path
        .split('/')
        .map(|word| mapping::successor(word).map_or(word, |(_, new)| new));
    words.collect::<Vec<_>>().join("/")
}

/// The columns of a relation under both names.
pub fn columns(relation: &RelationMap) -> String {
    table(
        &["old", "new", "follow it", ""],
        relation.columns.iter().map(|column| {
            let mut follow: Vec<&str> = column.twin.into_iter().collect();
            follow.extend(column.derives);
            vec![
                code(column.old),
                code(column.new),
                codes(&follow),
                column.note.into(),
            ]
        }),
    )
}

/// Foreign keys that requests may name, with their new name.
pub fn foreign_keys() -> String {
    let keys = RELATIONS.iter().flat_map(|map| map.foreign_keys);
    table(
        &["old", "new"],
        keys.map(|key| vec![code(key.old), code(key.new)]),
    )
}

/// What an opportunity has and a deal had not, from the documented row.
pub fn new_columns(document: &Value) -> String {
    let row = &document["components"]["schemas"]["Opportunity"]["properties"];
    let is_new = |name: &str| {
        !DEALS
            .columns
            .iter()
            .any(|column| column.new == name && column.old == name)
    };
    let rows = row.as_object().into_iter().flatten();
    table(
        &["column", "type", ""],
        rows.filter(|(name, _)| is_new(name)).map(|(name, schema)| {
            let about = schema["description"].as_str().unwrap_or_default();
            vec![code(name), kind(document, schema), about.replace('\n', " ")]
        }),
    )
}

/// The type of a property in a few words.
fn kind(document: &Value, schema: &Value) -> String {
    let reference = schema["$ref"].as_str().or_else(|| {
        let either = schema["oneOf"].as_array()?;
        either.iter().find_map(|one| one["$ref"].as_str())
    });
    if let Some(target) = reference.and_then(|target| document.pointer(&target[1..])) {
        let labels = target["enum"].as_array().into_iter().flatten();
        let labels: Vec<_> = labels.filter_map(Value::as_str).collect();
        return codes(&labels);
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.first().and_then(Value::as_str),
        kind => kind.as_str(),
    };
    match (kind.unwrap_or_default(), schema["format"].as_str()) {
        ("string", Some("date")) => "date".into(),
        ("string", Some("date-time")) => "timestamp".into(),
        ("string", _) => "text".into(),
        ("integer", _) => "whole number".into(),
        (other, _) => other.into(),
    }
}

/// Old words to new stages.
pub fn stages() -> String {
    table(
        &[
            "new stage",
            "old words that mean it",
            "shown under the old name as",
            "probability",
            "status",
        ],
        STAGES.iter().map(|map| {
            let shown = match is_lossy(map) {
                true => format!("{} (shared)", code(map.legacy)),
                false => code(map.legacy),
            };
            vec![
                code(map.stage),
                codes(map.words),
                shown,
                format!("{} %", map.probability),
                code(map.status),
            ]
        }),
    )
}

/// The stages that share an old word, and the one that the word means.
pub fn lossy() -> String {
    let shared: Vec<_> = STAGES.iter().filter(|map| is_lossy(map)).collect();
    let names: Vec<_> = shared.iter().map(|map| map.stage).collect();
    let word = shared.first().map_or("", |map| map.legacy);
    let meant = shared
        .iter()
        .find(|map| map.words.contains(&word))
        .map_or("", |map| map.stage);
    format!(
        "{} share the old word `{word}`. Written under the old name, `{word}` means `{meant}`, unless the \
         row is already in one of the three: then its stage stays. So saving a form without a change \
         changes nothing, and a row that is moved away under the old name and back again ends as `{meant}`.",
        codes(&names)
    )
}

pub fn events() -> String {
    names(EVENTS, ["version 1", "version 2", "sent when"])
}

pub fn environment() -> String {
    names(ENVIRONMENT, ["old", "new", "default"])
}

/// Names in rows of logs, audits and the configuration.
pub fn words() -> String {
    let all = ACTIVITY_TYPES
        .iter()
        .map(|name| ("activity log, `type`", name));
    let all = all.chain(ENTITIES.iter().map(|name| ("audit, entity", name)));
    let all = all.chain(
        CONFIGURATION_KEYS
            .iter()
            .map(|name| ("configuration key", name)),
    );
    table(
        &["where", "old", "new", ""],
        all.map(|(place, name)| {
            vec![
                place.into(),
                code(name.old),
                code(name.new),
                name.note.into(),
            ]
        }),
    )
}

fn names(list: &[NameMap], head: [&str; 3]) -> String {
    table(
        &head,
        list.iter()
            .map(|name| vec![code(name.old), code(name.new), name.note.into()]),
    )
}

/// The earlier guide's mistakes.
pub fn corrections() -> String {
    table(
        &["topic", "the earlier guide", "what is true", "what to do"],
        CORRECTIONS.iter().map(|row| {
            [row.topic, row.earlier, row.real, row.remedy]
                .map(str::to_owned)
                .to_vec()
        }),
    )
}
