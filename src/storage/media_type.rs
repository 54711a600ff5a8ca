//! Content types: what a bucket allows, and how a stored file may be served.
//!
//! Files come from users and are served from the API's origin, so none of them may run there: HTML is
//! served as plain text (as Supabase does), other types that a browser could run get a policy that
//! forbids it, and browsers are always told not to guess.
//! Source: <https://supabase.com/docs/guides/storage/serving/downloads>, RFC 9110 section 8.3.

use super::error::{Result, StorageError, codes};

/// Type of bytes nobody named.
pub const DEFAULT: &str = "application/octet-stream";
/// Longest content type that is taken.
const MAX_BYTES: usize = 255;

/// Policy for types that can hold scripts.
const SANDBOX: &str = "sandbox; default-src 'none'";
/// The same for SVG, which would lose its looks.
const SANDBOX_SVG: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/// A content type as an upload declares it.
///
/// # Errors
/// InvalidMimeType when it is not `type/subtype` with parameters in visible ASCII.
pub fn parse(raw: &str) -> Result<String> {
    let raw = raw.trim();
    let essence = essence(raw);
    let is_valid = raw.len() <= MAX_BYTES
        && raw.bytes().all(|b| (b' '..0x7f).contains(&b))
        && essence
            .split_once('/')
            .is_some_and(|(kind, sub)| is_token(kind) && is_token(sub));
    if is_valid {
        Ok(raw.to_owned())
    } else {
        Err(not_supported(raw))
    }
}

/// Whether a bucket's list allows the type. `image/*` allows every image; parameters do not count.
///
/// # Errors
/// InvalidMimeType.
pub fn check_allowed(media_type: &str, allowed: Option<&[String]>) -> Result<()> {
    let given = essence(media_type).to_ascii_lowercase();
    let is_allowed = allowed.is_none_or(|allowed| {
        allowed.iter().any(|entry| {
            let entry = essence(entry).to_ascii_lowercase();
            match entry.strip_suffix('*') {
                Some("*/" | "") => true,
                Some(kind) if kind.ends_with('/') => given.starts_with(kind),
                _ => entry == given,
            }
        })
    });
    if is_allowed {
        Ok(())
    } else {
        Err(not_supported(media_type))
    }
}

/// An entry of a bucket's list: `type/subtype` or `type/*`.
///
/// # Errors
/// InvalidMimeType.
pub fn check_entry(entry: &str) -> Result<()> {
    let is_valid = essence(entry)
        .split_once('/')
        .is_some_and(|(kind, sub)| is_token(kind) && (sub == "*" || is_token(sub)));
    if is_valid {
        Ok(())
    } else {
        Err(not_supported(entry))
    }
}

/// How a stored type is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    pub content_type: String,
    pub content_security_policy: Option<&'static str>,
}

/// The safe way to serve a stored type; text that is no header value counts as unknown.
pub fn served(stored: Option<&str>) -> Served {
    let stored = stored.and_then(|raw| parse(raw).ok());
    let stored = stored.as_deref().unwrap_or(DEFAULT);
    let lower = stored.to_ascii_lowercase();
    if lower.contains("text/html") {
        return Served {
            content_type: "text/plain".into(),
            content_security_policy: Some(SANDBOX),
        };
    }
    let essence = essence(&lower);
    let content_security_policy = if essence == "image/svg+xml" {
        Some(SANDBOX_SVG)
    } else if can_run(essence) {
        Some(SANDBOX)
    } else {
        None
    };
    Served {
        content_type: stored.to_owned(),
        content_security_policy,
    }
}

fn can_run(essence: &str) -> bool {
    ["html", "xml", "javascript", "ecmascript", "xsl", "mhtml"]
        .iter()
        .any(|word| essence.contains(word))
        || matches!(
            essence,
            "multipart/related"
                | "message/rfc822"
                | "multipart/x-mixed-replace"
                | "text/cache-manifest"
        )
}

fn essence(raw: &str) -> &str {
    raw.split(';').next().unwrap_or_default().trim()
}

fn is_token(word: &str) -> bool {
    !word.is_empty()
        && word
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
}

fn not_supported(media_type: &str) -> StorageError {
    let shown: String = media_type.chars().take(MAX_BYTES).collect();
    StorageError::new(
        &codes::INVALID_MIME_TYPE,
        format!("mime type {shown} is not supported"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_allow_whole_kinds_and_ignore_parameters() {
        let list = ["image/*".to_owned(), "text/plain".to_owned()];
        for allowed in [
            "image/png",
            "IMAGE/svg+xml",
            "text/plain",
            "text/plain;charset=UTF-8",
        ] {
            assert!(check_allowed(allowed, Some(&list)).is_ok(), "{allowed}");
        }
        for refused in [
            "text/html",
            "imagex/png",
            "application/octet-stream",
            "text",
        ] {
            assert!(check_allowed(refused, Some(&list)).is_err(), "{refused}");
        }
        assert!(check_allowed("x/y", None).is_ok());
        assert!(check_allowed("x/y", Some(&[])).is_err());
    }

    #[test]
    fn types_that_could_run_are_disarmed() {
        assert_eq!(
            served(Some("text/html; charset=utf-8")).content_type,
            "text/plain"
        );
        assert_eq!(served(Some("TEXT/HTML")).content_type, "text/plain");
        for active in [
            "image/svg+xml",
            "application/xhtml+xml",
            "application/xml",
            "text/xml",
            "text/javascript",
            "application/x-javascript",
            "multipart/related; boundary=x",
        ] {
            let policy = served(Some(active)).content_security_policy;
            assert!(policy.is_some_and(|p| p.starts_with("sandbox")), "{active}");
        }
        for passive in [
            "image/png",
            "application/pdf",
            "text/plain",
            "application/json",
        ] {
            assert_eq!(
                served(Some(passive)).content_security_policy,
                None,
                "{passive}"
            );
        }
    }

    #[test]
    fn what_is_no_header_value_is_served_as_bytes() {
        for bad in ["a\r\nSet-Cookie: x", "image", "", "ü/x", "a/b\u{0}"] {
            assert_eq!(served(Some(bad)).content_type, DEFAULT, "{bad:?}");
            assert!(parse(bad).is_err());
        }
        assert_eq!(served(None).content_type, DEFAULT);
    }

    #[test]
    fn entries_of_lists() {
        assert!(check_entry("image/*").is_ok() && check_entry("application/pdf").is_ok());
        assert!(
            check_entry("image").is_err()
                && check_entry("*").is_err()
                && check_entry("a/b c").is_err()
        );
    }
}
