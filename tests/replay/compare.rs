//! What differs between a recorded answer and ours, as texts.

use serde_json::Value;

use super::{Answer, Recorded};

/// Recorded bodies are cut here.
const RECORDED_BYTES: usize = 600;

pub fn differences(recorded: &Recorded, answer: &Answer) -> Vec<String> {
    let mut found = Vec::new();
    let body = || {
        String::from_utf8_lossy(&answer.body)
            .chars()
            .take(300)
            .collect::<String>()
    };
    // A page that is not the whole list may be 200 or 206.
    let is_same = answer.status == recorded.status
        || [200, 206].contains(&answer.status) && [200, 206].contains(&recorded.status);
    if !is_same {
        found.push(format!(
            "status {}, recorded {}: {}",
            answer.status,
            recorded.status,
            body()
        ));
        return found;
    }
    let media = |text: &Option<String>| {
        let text = text.as_deref().unwrap_or_default();
        text.split(';').next().unwrap_or_default().to_owned()
    };
    let (ours, theirs) = (
        media(&answer.content_type),
        media(&recorded.response.content_type),
    );
    if ours != theirs && !theirs.is_empty() && !answer.body.is_empty() {
        found.push(format!("content type {ours}, recorded {theirs}"));
    }
    let total = |text: &Option<String>| {
        let text = text.as_deref()?;
        text.split('/').nth(1).map(str::to_owned)
    };
    let (ours, theirs) = (
        total(&answer.content_range),
        total(&recorded.response.content_range),
    );
    if ours != theirs && theirs.is_some() && theirs.as_deref() != Some("*") {
        found.push(format!("total {ours:?}, recorded {theirs:?}"));
    }
    if recorded.status < 400
        && recorded.response.body.len() < RECORDED_BYTES
        && let Ok(theirs) = serde_json::from_str::<Value>(&recorded.response.body)
    {
        match answer.json() {
            Some(ours) => shape("", &theirs, &ours, &mut found),
            None => found.push(format!("no JSON: {}", body())),
        }
    }
    found
}

/// Members that are documents of their own or made up by the stand-in.
const FREE: &[&str] = &[
    "config",
    "identities",
    "user_metadata",
    "app_metadata",
    "avatar",
    "logo",
];

fn shape(at: &str, theirs: &Value, ours: &Value, found: &mut Vec<String>) {
    match (theirs, ours) {
        (Value::Null, _) | (_, Value::Null) => {}
        (Value::Object(theirs), Value::Object(ours)) => {
            for (key, theirs) in theirs {
                match ours.get(key) {
                    None => found.push(format!("{at}.{key} is missing")),
                    Some(_) if FREE.contains(&key.as_str()) => {}
                    Some(ours) => shape(&format!("{at}.{key}"), theirs, ours, found),
                }
            }
        }
        (Value::Array(theirs), Value::Array(ours)) => {
            if let (Some(theirs), Some(ours)) = (theirs.first(), ours.first()) {
                shape(&format!("{at}[0]"), theirs, ours, found);
            } else if theirs.len() != ours.len() {
                found.push(format!(
                    "{at} has {} rows, recorded {}",
                    ours.len(),
                    theirs.len()
                ));
            }
        }
        (theirs, ours) if std::mem::discriminant(theirs) != std::mem::discriminant(ours) => {
            found.push(format!("{at} is {ours}, recorded {theirs}"));
        }
        _ => {}
    }
}
