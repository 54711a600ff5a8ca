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
    let mut shared = document["components"]["responses"].take();
    let paths = document["paths"].as_object_mut();
    let items = paths.into_iter().flat_map(Map::values_mut);
    let operations = items
        .filter_map(Value::as_object_mut)
        .flat_map(Map::values_mut);
    for operation in operations.filter(|operation| operation["deprecated"] == true) {
        let responses = operation["responses"].as_object_mut();
        for response in responses.into_iter().flat_map(Map::values_mut) {
            match under_old_names(response, &mut shared) {
                Some(reference) => *response = json!({"$ref": reference}),
                None => tell(response),
            }
        }
        operation["responses"]["410"] = json!({"$ref": "#/components/responses/Retired"});
    }
    document["components"]["responses"] = shared;
}

/// A response that others share, once more with the headers: where it is now.
fn under_old_names(response: &Value, shared: &mut Value) -> Option<String> {
    let name = response["$ref"].as_str()?.rsplit('/').next()?;
    let old = format!("Old{name}");
    if shared.get(&old).is_none() {
        let mut copy = shared.get(name)?.clone();
        tell(&mut copy);
        shared[&old] = copy;
    }
    Some(format!("#/components/responses/{old}"))
}

/// Adds the headers to a response.
fn tell(response: &mut Value) {
    let Some(response) = response.as_object_mut() else {
        return;
    };
    let known = response.entry("headers").or_insert_with(|| json!({}));
    if let (Some(known), Value::Object(more)) = (known.as_object_mut(), references()) {
        known.extend(more);
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
            "components": {"responses": {"RestFault": {"description": "refused"}}},
            "paths": {
                "/deals": {"get": {"deprecated": true, "responses": {
                    "200": {"description": "rows", "headers": {"Content-Range": {}}},
                    "default": {"$ref": "#/components/responses/RestFault"},
                }}},
                "/opportunities": {"get": {"responses": {
                    "200": {"description": "rows"},
                    "default": {"$ref": "#/components/responses/RestFault"},
                }}},
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
        assert_eq!(
            old["default"]["$ref"],
            "#/components/responses/OldRestFault"
        );
        let shared = &document["components"]["responses"];
        let told = shared["OldRestFault"]["headers"].as_object();
        assert_eq!(told.map(Map::len), Some(HEADERS.len()));
        assert_eq!(shared["RestFault"], json!({"description": "refused"}));
        let new = &document["paths"]["/opportunities"]["get"]["responses"];
        assert_eq!(new["200"], json!({"description": "rows"}));
        assert_eq!(new["default"]["$ref"], "#/components/responses/RestFault");
    }
}
