//! What every operation under an old name says of its end: headers on each answer, 410 once it is over.
//!
//! In: the assembled document, in which such operations are marked deprecated. Out: the same with the headers that
//! [`crate::rest::legacy::retirement`] sends. Sources: RFC 9745, RFC 8594, RFC 8288, RFC 7234 section 5.5.

use serde_json::{Map, Value, json};

/// Name, what it says, an example.
const HEADERS: &[(&str, &str, &str)] = &[
    (
        "Deprecation",
        "Since when the name is deprecated: @ and seconds (RFC 9745)",
        "@1700000000",
    ),
    (
        "Sunset",
        "When it ends (RFC 8594); only once a migration has set the date",
        "Thu, 14 Dec 2023 22:13:20 GMT",
    ),
    (
        "Link",
        "What takes its place (RFC 8288)",
        "</opportunities>; rel=\"successor-version\"",
    ),
    (
        "Warning",
        "The same for people",
        "299 - \"Deprecated endpoint. Use /opportunities instead\"",
    ),
    ("X-Deprecated", "Always true", "true"),
    ("X-Deprecation-Date", "The day of `Sunset`", "2023-12-14"),
    (
        "X-Alternative",
        "Path of what takes its place",
        "/opportunities",
    ),
];

/// Completes the deprecated operations.
pub fn complete(document: &mut Value) {
    let headers = HEADERS.iter().map(|(name, text, example)| {
        let header = json!({"description": text, "schema": {"type": "string"}, "example": example});
        (format!("Old-{name}"), header)
    });
    document["components"]["headers"] = headers.collect::<Map<_, _>>().into();
    document["components"]["responses"]["Retired"] = json!({
        "description": "The old name has ended; `hint` says what takes its place",
        "headers": references(),
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/RestError"}}},
    });
    let paths = document["paths"].as_object_mut();
    let items = paths.into_iter().flat_map(Map::values_mut);
    let operations = items
        .filter_map(Value::as_object_mut)
        .flat_map(Map::values_mut);
    for operation in operations.filter(|operation| operation["deprecated"] == true) {
        let responses = operation["responses"].as_object_mut();
        for response in responses.into_iter().flat_map(Map::values_mut) {
            if let Some(inline) = response.as_object_mut().filter(|r| !r.contains_key("$ref")) {
                let known = inline.entry("headers").or_insert_with(|| json!({}));
                if let (Some(known), Value::Object(more)) = (known.as_object_mut(), references()) {
                    known.extend(more);
                }
            }
        }
        operation["responses"]["410"] = json!({"$ref": "#/components/responses/Retired"});
    }
}

fn references() -> Value {
    let reference = |(name, _, _): &(&str, &str, &str)| {
        let target = json!({"$ref": format!("#/components/headers/Old-{name}")});
        ((*name).to_owned(), target)
    };
    HEADERS.iter().map(reference).collect::<Map<_, _>>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_deprecated_operations_tell_of_their_end() {
        let mut document = json!({
            "components": {"responses": {}},
            "paths": {
                "/deals": {"get": {"deprecated": true, "responses": {
                    "200": {"description": "rows", "headers": {"Content-Range": {}}},
                    "default": {"$ref": "#/components/responses/RestFault"},
                }}},
                "/opportunities": {"get": {"responses": {"200": {"description": "rows"}}}},
            },
        });
        complete(&mut document);
        let old = &document["paths"]["/deals"]["get"]["responses"];
        assert_eq!(
            old["200"]["headers"]["Sunset"]["$ref"],
            "#/components/headers/Old-Sunset"
        );
        assert!(old["200"]["headers"]["Content-Range"].is_object());
        assert_eq!(old["410"]["$ref"], "#/components/responses/Retired");
        assert!(old["default"].get("headers").is_none());
        let new = &document["paths"]["/opportunities"]["get"]["responses"];
        assert_eq!(new, &json!({"200": {"description": "rows"}}));
    }
}
