//! Files of an inbound mail: decoded and stored under random names.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::functions::Functions;
use crate::functions::error::FunctionError;
use crate::functions::objects::{self, NewObject};

/// As Postmark sends it.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Attachment {
    name: Option<String>,
    /// Base64.
    content: Option<String>,
    content_type: Option<String>,
}

/// Stores the complete ones and gives what a note keeps of each: `{title, type, path, src}`.
///
/// # Errors
/// Those of the store.
pub(super) async fn store(
    functions: &Functions,
    attachments: &[Attachment],
) -> Result<Vec<Value>, FunctionError> {
    let mut stored = Vec::new();
    for attachment in attachments {
        let Some((title, content_type, bytes)) = attachment.decoded() else {
            continue;
        };
        let name = random_name(title);
        let object = NewObject {
            name: &name,
            content_type,
            bytes,
        };
        if let Some(src) = objects::upload(functions, objects::ATTACHMENTS, object).await? {
            stored.push(json!({"title": title, "type": content_type, "path": name, "src": src}));
        }
    }
    Ok(stored)
}

impl Attachment {
    fn decoded(&self) -> Option<(&str, &str, Vec<u8>)> {
        let bytes = STANDARD.decode(self.content.as_deref()?.trim()).ok()?;
        Some((self.name.as_deref()?, self.content_type.as_deref()?, bytes))
    }
}

/// Longest file ending that is kept, in characters.
const MAX_ENDING: usize = 10;

/// `report.pdf` -> `<uuid>.pdf`
fn random_name(title: &str) -> String {
    let ending = title.rsplit_once('.').map(|(_, ending)| ending);
    let is_plain = |ending: &&str| {
        (1..=MAX_ENDING).contains(&ending.len())
            && ending.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    match ending.filter(is_plain) {
        Some(ending) => format!("{}.{ending}", Uuid::new_v4()),
        None => Uuid::new_v4().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn incomplete_and_broken_files_are_left_out() {
        let read = |value: Value| serde_json::from_value::<Attachment>(value).unwrap();
        let whole = read(json!({"Name": "a.txt", "Content": "aGk=", "ContentType": "text/plain"}));
        assert_eq!(
            whole.decoded(),
            Some(("a.txt", "text/plain", b"hi".to_vec()))
        );
        for broken in [
            json!({"Name": "a.txt", "Content": "?", "ContentType": "text/plain"}),
            json!({"Name": "a.txt", "ContentType": "text/plain"}),
            json!({}),
        ] {
            assert_eq!(read(broken.clone()).decoded(), None, "{broken}");
        }
    }

    #[test]
    fn names_are_random_and_keep_a_harmless_ending() {
        assert!(random_name("report.PDF").ends_with(".PDF"));
        for title in ["report", "a.b/../c", "x.", "x.averyveryverylongending"] {
            assert_eq!(random_name(title).len(), 36, "{title}");
        }
        assert_ne!(random_name("a.b"), random_name("a.b"));
    }
}
