//! How a stored file is answered: status and headers, from its row and the request's conditions.
//!
//! Pure. Source: RFC 9110 (conditions, ranges), RFC 9111 (caching), RFC 6266 (`Content-Disposition`),
//! <https://supabase.com/docs/guides/storage/serving/downloads>.

use std::time::SystemTime;

use chrono::{DateTime, Utc};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::media_type;
use super::object::Object;
use super::range::{self, Wanted};

/// Who may keep a copy of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// Everybody may read the file.
    Public,
    /// The answer is for this caller.
    Private,
    /// The link is the permission, until then (seconds since 1970).
    Signed { expires_at_s: i64 },
}

/// What the request says besides the name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conditions {
    pub if_none_match: Option<String>,
    pub if_modified_since: Option<String>,
    pub if_range: Option<String>,
    pub range: Option<String>,
    /// `?download`: empty for the object's own name.
    pub download: Option<String>,
}

/// The answer without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// 200 or 206, with headers other than the length.
    Bytes {
        part: Option<(u64, u64)>,
        headers: Headers,
    },
    /// 304.
    NotModified { headers: Headers },
    /// 416.
    Unsatisfiable,
}

/// Names and values.
pub type Headers = Vec<(&'static str, String)>;

/// Decides the answer for a file of `size` bytes.
pub fn answer(object: &Object, size: u64, visibility: Visibility, asked: &Conditions) -> Answer {
    let validators = validators(object, visibility);
    if is_not_modified(object, asked) {
        return Answer::NotModified {
            headers: validators,
        };
    }
    let range = asked
        .range
        .as_deref()
        .filter(|_| range_applies(object, asked));
    let part = match range::wanted(range, size) {
        Wanted::Whole => None,
        Wanted::Part { start, end } => Some((start, end)),
        Wanted::Unsatisfiable => return Answer::Unsatisfiable,
    };
    let mut headers = validators;
    let served = media_type::served(object.media_type());
    headers.push(("Content-Type", served.content_type));
    if let Some(policy) = served.content_security_policy {
        headers.push(("Content-Security-Policy", policy.to_owned()));
    }
    headers.push(("Accept-Ranges", "bytes".to_owned()));
    headers.push(("X-Content-Type-Options", "nosniff".to_owned()));
    let robots = object.robots_tag().unwrap_or("none");
    headers.push(("X-Robots-Tag", robots.to_owned()));
    if let Some((start, end)) = part {
        headers.push(("Content-Range", format!("bytes {start}-{}/{size}", end - 1)));
    }
    if let Some(name) = &asked.download {
        headers.push(("Content-Disposition", disposition(name)));
    }
    Answer::Bytes { part, headers }
}

fn validators(object: &Object, visibility: Visibility) -> Headers {
    let mut headers = vec![("ETag", object.etag())];
    if let Some(modified) = object.last_modified() {
        headers.push(("Last-Modified", http_date(modified)));
    }
    let stored = object.cache_control().unwrap_or("no-cache");
    match visibility {
        Visibility::Public => headers.push(("Cache-Control", stored.to_owned())),
        Visibility::Private => {
            let is_private = ["private", "no-store"]
                .iter()
                .any(|word| stored.contains(word));
            let value = match is_private {
                true => stored.to_owned(),
                false => format!(
                    "private, {}",
                    stored.replace("public,", "").replace("public", "").trim()
                ),
            };
            let value = value.trim_end_matches([',', ' ']).to_owned();
            headers.push(("Cache-Control", value));
        }
        Visibility::Signed { expires_at_s } => {
            if let Some(moment) = DateTime::from_timestamp(expires_at_s, 0) {
                headers.push(("Expires", http_date(moment)));
            }
        }
    }
    headers
}

/// `If-None-Match` wins over `If-Modified-Since`.
fn is_not_modified(object: &Object, asked: &Conditions) -> bool {
    if let Some(tags) = &asked.if_none_match {
        let weak = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        let own = weak(&object.etag());
        return tags.trim() == "*" || tags.split(',').any(|tag| weak(tag) == own);
    }
    let since = asked.if_modified_since.as_deref().and_then(parse_date);
    match (since, object.last_modified()) {
        (Some(since), Some(modified)) => modified.timestamp() <= since,
        _ => false,
    }
}

/// `If-Range`: another version than the one the client has a part of is sent whole.
fn range_applies(object: &Object, asked: &Conditions) -> bool {
    match asked.if_range.as_deref() {
        None => true,
        Some(tag) if tag.starts_with('"') => tag == object.etag(),
        Some(date) => {
            let modified = object.last_modified().map(|time| time.timestamp());
            parse_date(date).is_some_and(|date| Some(date) == modified)
        }
    }
}

fn http_date(time: DateTime<Utc>) -> String {
    httpdate::fmt_http_date(SystemTime::from(time))
}

fn parse_date(text: &str) -> Option<i64> {
    let time = httpdate::parse_http_date(text.trim()).ok()?;
    Some(DateTime::<Utc>::from(time).timestamp())
}

/// What `encodeURIComponent` leaves as it is.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*');

fn disposition(name: &str) -> String {
    if name.is_empty() {
        return "attachment;".to_owned();
    }
    let name = utf8_percent_encode(name, COMPONENT);
    format!("attachment; filename={name}; filename*=UTF-8''{name};")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object() -> Object {
        Object::new(json!({"name": "a.txt", "metadata": {
            "eTag": "\"x\"", "size": 8, "mimetype": "text/plain", "cacheControl": "max-age=60",
            "lastModified": "2026-01-02T03:04:05.678Z"}}))
    }

    fn asked(change: impl FnOnce(&mut Conditions)) -> Answer {
        let mut conditions = Conditions::default();
        change(&mut conditions);
        answer(&object(), 8, Visibility::Public, &conditions)
    }

    fn header(answer: &Answer, name: &str) -> Option<String> {
        let (Answer::Bytes { headers, .. } | Answer::NotModified { headers }) = answer else {
            return None;
        };
        headers
            .iter()
            .find(|(n, _)| *n == name)
            .map(|(_, v)| v.clone())
    }

    #[test]
    fn conditions() {
        let not_modified = |answer: Answer| matches!(answer, Answer::NotModified { .. });
        for tag in ["\"x\"", "W/\"x\"", "*", "\"y\", \"x\""] {
            assert!(
                not_modified(asked(|c| c.if_none_match = Some(tag.into()))),
                "{tag}"
            );
        }
        assert!(!not_modified(asked(
            |c| c.if_none_match = Some("\"y\"".into())
        )));
        let date = "Fri, 02 Jan 2026 03:04:05 GMT";
        assert!(not_modified(asked(
            |c| c.if_modified_since = Some(date.into())
        )));
        let earlier = "Fri, 02 Jan 2026 03:04:04 GMT";
        assert!(!not_modified(asked(
            |c| c.if_modified_since = Some(earlier.into())
        )));
        assert!(!not_modified(asked(|c| {
            c.if_none_match = Some("\"y\"".into());
            c.if_modified_since = Some(date.into());
        })));
    }

    #[test]
    fn a_range_applies_to_the_version_the_client_has() {
        let part = |if_range: &str| {
            let answer = asked(|c| {
                c.range = Some("bytes=6-7".into());
                c.if_range = Some(if_range.into());
            });
            matches!(
                answer,
                Answer::Bytes {
                    part: Some((6, 8)),
                    ..
                }
            )
        };
        assert!(part("\"x\"") && part("Fri, 02 Jan 2026 03:04:05 GMT"));
        assert!(!part("\"y\"") && !part("Fri, 02 Jan 2026 03:04:04 GMT") && !part("W/\"x\""));
        let partial = asked(|c| c.range = Some("bytes=6-7".into()));
        assert_eq!(
            header(&partial, "Content-Range").as_deref(),
            Some("bytes 6-7/8")
        );
        assert_eq!(
            asked(|c| c.range = Some("bytes=9-".into())),
            Answer::Unsatisfiable
        );
    }

    #[test]
    fn caches_of_others_keep_public_files_only() {
        let cache = |visibility| {
            let answer = answer(&object(), 8, visibility, &Conditions::default());
            (header(&answer, "Cache-Control"), header(&answer, "Expires"))
        };
        assert_eq!(cache(Visibility::Public), (Some("max-age=60".into()), None));
        assert_eq!(
            cache(Visibility::Private),
            (Some("private, max-age=60".into()), None)
        );
        let signed = cache(Visibility::Signed { expires_at_s: 0 });
        assert_eq!(signed, (None, Some("Thu, 01 Jan 1970 00:00:00 GMT".into())));
    }

    #[test]
    fn names_of_downloads_cannot_leave_their_header() {
        assert_eq!(disposition(""), "attachment;");
        assert_eq!(
            disposition("n\u{e4}\"x\";\r\n.txt"),
            "attachment; filename=n%C3%A4%22x%22%3B%0D%0A.txt; filename*=UTF-8''n%C3%A4%22x%22%3B%0D%0A.txt;"
        );
    }
}
