//! `Location` of an inserted row and `Content-Location` of a read.
//!
//! Both name the relation as the root of the path, as PostgREST does: a gateway knows its own prefix.
//! Source: <https://docs.postgrest.org/en/stable/references/api/preferences.html#headers-only>,
//! RFC 9110 §8.7 and §10.2.2.

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};

/// All but the unreserved characters of RFC 3986.
const QUERY_PART: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// `/relation?id=eq.7`. `keys`: `column=eq.value` as PostgreSQL made them; none, no header.
pub fn of_inserted(relation: &str, keys: &[String]) -> Option<String> {
    if keys.is_empty() {
        return None;
    }
    let query: Vec<String> = keys
        .iter()
        .map(|key| {
            let (column, value) = key.split_once('=').unwrap_or((key, ""));
            format!("{}={}", encoded(column), encoded(value))
        })
        .collect();
    Some(format!("{}?{}", path(relation), query.join("&")))
}

/// Longest `Content-Location`; many clients refuse header lines above 8 KiB and some above 64 KiB.
const MAX_CONTENT_LOCATION_BYTES: usize = 4096;

/// `/relation?canonical-query`; `None` when it would be too long for a header.
pub fn of_content(relation: &str, canonical_query: &str) -> Option<String> {
    let location = if canonical_query.is_empty() {
        path(relation)
    } else {
        format!("{}?{canonical_query}", path(relation))
    };
    (location.len() <= MAX_CONTENT_LOCATION_BYTES).then_some(location)
}

/// The name as it is, but for what would break out of the header.
fn path(relation: &str) -> String {
    format!("/{}", utf8_percent_encode(relation, CONTROLS))
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, QUERY_PART).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_percent_encoded() {
        let keys = ["id=eq.7".to_owned(), "näme=eq.a b&c=d".to_owned()];
        assert_eq!(
            of_inserted("deals", &keys).as_deref(),
            Some("/deals?id=eq.7&n%C3%A4me=eq.a%20b%26c%3Dd")
        );
        assert_eq!(of_inserted("deals", &[]), None);
        assert_eq!(
            of_inserted("t", &["k=is.null".to_owned()]).as_deref(),
            Some("/t?k=is.null")
        );
    }

    #[test]
    fn content_location_repeats_the_canonical_query() {
        assert_eq!(of_content("deals", "").as_deref(), Some("/deals"));
        assert_eq!(
            of_content("deals", "id=eq.1").as_deref(),
            Some("/deals?id=eq.1")
        );
        assert_eq!(of_content("a\r\nb", "").as_deref(), Some("/a%0D%0Ab"));
        assert_eq!(of_content("deals", &"x".repeat(5000)), None);
    }
}
