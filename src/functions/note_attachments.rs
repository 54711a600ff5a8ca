//! `delete_note_attachments`: removes the files of a changed or deleted note. Called by a database
//! trigger, through the delivery queue, with the token of the user who changed the note.
//!
//! In: `{type, old_record, record}`. An update removes what the note no longer has, a deletion all it
//! had. Removed as the caller, so that the policies of `storage.objects` decide.

use std::collections::HashSet;

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::FunctionError;
use super::{FunctionAnswer, FunctionRequest, Functions, caller, objects};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Change {
    r#type: String,
    old_record: Value,
    record: Value,
}

pub(super) async fn run(
    functions: &Functions,
    request: &FunctionRequest,
) -> Result<FunctionAnswer, FunctionError> {
    request.require_method(&["POST"])?;
    let auth = caller::verified(functions, request)?;
    let change: Change = request.json()?;
    let gone = removed_paths(&change);
    if gone.is_empty() {
        return Ok(FunctionAnswer::ok(
            json!({"status": "skipped", "reason": "no_paths_to_delete"}),
        ));
    }
    objects::remove(functions, &auth, request, objects::ATTACHMENTS, &gone).await?;
    Ok(FunctionAnswer::ok(json!({"status": "ok"})))
}

fn removed_paths(change: &Change) -> Vec<String> {
    let kept: HashSet<String> = match change.r#type.as_str() {
        "UPDATE" => paths(&change.record).collect(),
        "DELETE" => HashSet::new(),
        _ => return Vec::new(),
    };
    let mut seen = HashSet::new();
    paths(&change.old_record)
        .filter(|path| !kept.contains(path) && seen.insert(path.clone()))
        .collect()
}

fn paths(note: &Value) -> impl Iterator<Item = String> {
    let attachments = note.get("attachments").and_then(Value::as_array);
    attachments.into_iter().flatten().filter_map(path)
}

/// `path`, or the part of `src` after the bucket's name.
fn path(attachment: &Value) -> Option<String> {
    let text = |key: &str| {
        let text = attachment.get(key).and_then(Value::as_str);
        text.filter(|text| !text.is_empty())
    };
    if let Some(path) = text("path") {
        return Some(path.to_owned());
    }
    let (_, encoded) = text("src")?.split_once("/attachments/")?;
    let encoded = encoded.split(['?', '#']).next().unwrap_or_default();
    let decoded = percent_decode_str(encoded).decode_utf8().ok()?;
    (!decoded.is_empty()).then(|| decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(value: Value) -> Change {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn an_update_removes_what_is_gone_and_a_deletion_everything() {
        let old = json!({"attachments": [
            {"path": "a.txt", "src": "http://x/object/public/attachments/other"},
            {"src": "http://x/storage/v1/object/public/attachments/b%20c.txt?t=1"},
            {"path": "a.txt"},
            {"title": "no file"},
            null,
        ]});
        let update = change(json!({
            "type": "UPDATE", "old_record": old, "record": {"attachments": [{"path": "a.txt"}]},
        }));
        assert_eq!(removed_paths(&update), ["b c.txt"]);
        let delete = change(json!({"type": "DELETE", "old_record": old, "record": null}));
        assert_eq!(removed_paths(&delete), ["a.txt", "b c.txt"]);
    }

    #[test]
    fn other_events_and_notes_without_files_remove_nothing() {
        for value in [
            json!({"type": "INSERT", "old_record": {"attachments": [{"path": "a"}]}}),
            json!({"type": "DELETE", "old_record": {"attachments": null}}),
            json!({"type": "DELETE"}),
            json!({}),
        ] {
            assert!(removed_paths(&change(value.clone())).is_empty(), "{value}");
        }
    }
}
