//! Relations that are sent with a row ([`crate::rest::nested`]), as properties of its input.

use serde_json::{Value, json};

use super::operation::{list, object, text};

/// Adds what may be sent besides the columns.
pub fn add(input: &mut Value, relation: &str) {
    let number = || json!({"type": "integer", "format": "int64"});
    let yes_no = || json!({"type": "boolean"});
    let role = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    let with = |text: &str, elements: Value| {
        let mut schema = list(elements);
        schema["description"] = text.into();
        schema
    };
    let properties = &mut input["properties"];
    match relation {
        "contacts" => {
            properties["organization_ids"] = with(
                "The contact's organisations, whole: who is not named ends. Roles of those that stay are kept",
                number(),
            );
        }
        "opportunities" => {
            properties["participants"] = with(
                "The organisations that take part, whole, saved with the row",
                object(&[
                    ("organization_id!", number()),
                    ("role!", role("ParticipantRole")),
                    ("is_primary", yes_no()),
                    ("notes", text()),
                ]),
            );
            properties["contacts"] = with(
                "The contacts with what they are, whole; instead of `contact_ids`",
                object(&[
                    ("contact_id!", number()),
                    ("role", role("ContactRole")),
                    ("is_primary", yes_no()),
                ]),
            );
        }
        _ => {}
    }
}
