//! The body of an upload: raw bytes, or a form whose parts come one after the other.
//!
//! In: the request's payload. Out: what the client declares of the file, and a stream of its bytes. Parts
//! of a form may come before or after the file; none but the file may be large.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::error::PayloadError;
use actix_web::http::header::HeaderMap;
use actix_web::web;
use base64::Engine as _;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::{GeneralPurposeConfig, STANDARD};
use base64::{alphabet, engine::DecodePaddingMode};
use bytes::Bytes;
use futures_util::stream::{self, LocalBoxStream, Stream, StreamExt as _};
use serde_json::Value;

use super::request::Call;
use crate::storage::error::{Result, StorageError};
use crate::storage::media_type;
use crate::storage::upload::Declared;

/// Parts of a form besides the file.
const MAX_FIELDS: usize = 10;
/// Largest part besides the file.
const MAX_FIELD_BYTES: usize = 1024 * 1024;
/// Longest value that becomes a header.
const MAX_HEADER_BYTES: usize = 1024;
/// A body that sends nothing for so long is given up.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// What is read of a refused body, so that a client that is still sending gets to read the answer.
const MAX_DRAINED_BYTES: usize = 4 * 1024 * 1024;
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);

/// The bytes of a file.
pub type FileStream = LocalBoxStream<'static, Result<Bytes>>;

/// The payload, which a form's parser and the one who cleans up share.
#[derive(Clone)]
pub struct Shared(Rc<RefCell<web::Payload>>);

impl Shared {
    pub fn new(payload: web::Payload) -> Self {
        Self(Rc::new(RefCell::new(payload)))
    }

    /// The bytes, with the idle time-out.
    pub fn bytes(&self) -> FileStream {
        timed(self.clone())
            .map(|chunk| chunk.map_err(|_| cut_short()))
            .boxed_local()
    }

    /// The parts of a form.
    pub fn form(&self, headers: &HeaderMap) -> Form {
        Form {
            parts: Multipart::new(headers, timed(self.clone())),
            fields: 0,
            cache_control: None,
            user_metadata: None,
            content_type: None,
        }
    }

    /// Reads on for a while.
    pub async fn drain(mut self) {
        let drained = async {
            let mut bytes = 0;
            while let Some(Ok(chunk)) = self.next().await {
                bytes += chunk.len();
                if bytes > MAX_DRAINED_BYTES {
                    break;
                }
            }
        };
        // Either way the answer follows.
        let _ = tokio::time::timeout(DRAIN_TIMEOUT, drained).await;
    }
}

impl Stream for Shared {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_next(cx)
    }
}

fn timed(shared: Shared) -> LocalBoxStream<'static, Result<Bytes, PayloadError>> {
    stream::unfold(Some(shared), |shared| async {
        let mut shared = shared?;
        match tokio::time::timeout(IDLE_TIMEOUT, shared.next()).await {
            Ok(chunk) => chunk.map(|chunk| (chunk, Some(shared))),
            Err(_) => Some((Err(PayloadError::Incomplete(None)), None)),
        }
    })
    // The parser of forms asks again after the end.
    .fuse()
    .boxed_local()
}

/// A form that is being read.
pub struct Form {
    parts: Multipart,
    fields: usize,
    cache_control: Option<String>,
    user_metadata: Option<Value>,
    content_type: Option<String>,
}

impl Form {
    /// Reads up to the file; `None`: the form has no (further) file.
    ///
    /// # Errors
    /// InvalidRequest for what is no form, EntityTooLarge for a large part that is no file.
    pub async fn next_file(&mut self) -> Result<Option<Field>> {
        while let Some(part) = self.parts.next().await {
            let mut part = part.map_err(|error| bad_form(&error))?;
            self.fields += 1;
            if self.fields > MAX_FIELDS + 1 {
                return Err(StorageError::invalid_request("The form has too many parts"));
            }
            let disposition = part.content_disposition();
            let is_file = disposition
                .is_some_and(|d| d.get_filename().is_some() || d.get_filename_ext().is_some());
            let name = part.name().unwrap_or_default().to_owned();
            if is_file || name.is_empty() {
                return Ok(Some(part));
            }
            let text = part
                .bytes(MAX_FIELD_BYTES)
                .await
                .map_err(|_| StorageError::too_large(MAX_FIELD_BYTES as u64))?
                .map_err(|error| bad_form(&error))?;
            let text = String::from_utf8_lossy(&text);
            match name.as_str() {
                "cacheControl" => self.cache_control = cache_control(&text),
                "metadata" => self.user_metadata = object(text.as_bytes()),
                "contentType" => self.content_type = Some(text.into_owned()),
                _ => {}
            }
        }
        Ok(None)
    }

    /// What is declared so far of a file.
    ///
    /// # Errors
    /// InvalidMimeType, InvalidRequest.
    pub fn declared(&self, file: &Field, call: &Call<'_>) -> Result<Declared> {
        let of_part = file.content_type().map(ToString::to_string);
        let media_type = self.content_type.clone().or(of_part);
        Ok(Declared {
            media_type: media_type::parse(media_type.as_deref().unwrap_or(media_type::DEFAULT))?,
            cache_control: self.cache_control.clone(),
            length: None,
            user_metadata: self.user_metadata.clone(),
            robots_tag: robots_tag(call)?,
        })
    }

    /// Reads what follows the file.
    ///
    /// # Errors
    /// InvalidRequest when that is another file.
    pub async fn finish(&mut self, declared: &mut Declared) -> Result<()> {
        if self.next_file().await?.is_some() {
            return Err(StorageError::invalid_request("One file at a time"));
        }
        declared.cache_control = self.cache_control.take();
        declared.user_metadata = self.user_metadata.take();
        Ok(())
    }
}

/// The bytes of a part.
pub fn field_bytes(field: Field) -> FileStream {
    field
        .map(|chunk| chunk.map_err(|error| bad_form(&error)))
        .boxed_local()
}

/// What the headers of a raw upload declare.
///
/// # Errors
/// InvalidMimeType, InvalidRequest.
pub fn raw(call: &Call<'_>) -> Result<Declared> {
    let metadata = call.header("x-metadata").and_then(decode_base64);
    Ok(Declared {
        media_type: media_type::parse(call.header("content-type").unwrap_or(media_type::DEFAULT))?,
        cache_control: call.header("cache-control").and_then(cache_control),
        length: call.header("content-length").and_then(|n| n.parse().ok()),
        user_metadata: metadata.and_then(|bytes| object(&bytes)),
        robots_tag: robots_tag(call)?,
    })
}

/// Whether the body is a form.
pub fn is_form(call: &Call<'_>) -> bool {
    call.header("content-type").is_some_and(|kind| {
        kind.trim_start()
            .to_ascii_lowercase()
            .starts_with("multipart/form-data")
    })
}

/// `x-metadata` as an object; broken text counts as absent.
pub fn header_metadata(call: &Call<'_>) -> Option<Value> {
    object(&decode_base64(call.header("x-metadata")?)?)
}

/// Seconds as `max-age=N`; other text as it is, when it can be a header.
fn cache_control(text: &str) -> Option<String> {
    let text = text.trim();
    let is_seconds = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if is_seconds {
        return Some(format!("max-age={text}")).filter(|text| text.len() <= MAX_HEADER_BYTES);
    }
    let is_header = text.contains(|c: char| c.is_ascii_alphabetic()) && is_header(text);
    is_header.then(|| text.to_owned())
}

fn is_header(text: &str) -> bool {
    text.len() <= MAX_HEADER_BYTES && text.bytes().all(|b| (b' '..0x7f).contains(&b))
}

fn object(json: &[u8]) -> Option<Value> {
    let value = serde_json::from_slice::<Value>(json).ok()?;
    // PostgreSQL's jsonb has no NUL.
    let has_nul = value.to_string().contains("\\u0000");
    Some(value).filter(|value| value.is_object() && !has_nul)
}

fn decode_base64(text: &str) -> Option<Vec<u8>> {
    const LENIENT: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let url_safe = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);
    STANDARD
        .decode(text.trim())
        .or_else(|_| url_safe.decode(text.trim()))
        .ok()
}

/// Directives that `X-Robots-Tag` may have, alone or for one robot (`googlebot: noindex`).
const ROBOTS: &[&str] = &[
    "all",
    "index",
    "follow",
    "noindex",
    "nofollow",
    "none",
    "noarchive",
    "nosnippet",
    "noimageindex",
    "notranslate",
    "indexifembedded",
    "max-snippet",
    "max-image-preview",
    "max-video-preview",
    "unavailable_after",
];

fn robots_tag(call: &Call<'_>) -> Result<Option<String>> {
    let Some(tag) = call.header("x-robots-tag") else {
        return Ok(None);
    };
    let is_valid = is_header(tag)
        && tag.split(',').all(|directive| {
            directive
                .split(':')
                .any(|word| ROBOTS.contains(&word.trim().to_ascii_lowercase().as_str()))
        });
    if is_valid {
        Ok(Some(tag.to_owned()))
    } else {
        Err(StorageError::invalid_request("Invalid X-Robots-Tag header"))
    }
}

fn cut_short() -> StorageError {
    StorageError::invalid_request("The body was cut short")
}

fn bad_form(error: &MultipartError) -> StorageError {
    tracing::debug!(%error, "storage: a form");
    StorageError::invalid_request("The form could not be read")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn cache_control_is_seconds_or_directives() {
        for (text, expected) in [
            ("3600", Some("max-age=3600")),
            ("max-age=60, public", Some("max-age=60, public")),
            ("no-cache", Some("no-cache")),
            ("", None),
            ("undefined\r\nx: y", None),
            ("ü", None),
        ] {
            assert_eq!(cache_control(text).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn broken_metadata_counts_as_absent() {
        assert_eq!(object(br#"{"a":1}"#), Some(json!({"a": 1})));
        for bad in [&b"{"[..], b"[]", b"1", b"{\"a\":\"\\u0000\"}"] {
            assert_eq!(object(bad), None);
        }
        assert_eq!(decode_base64("eyJhIjoxfQ=="), decode_base64("eyJhIjoxfQ"));
        assert_eq!(decode_base64("###"), None);
    }
}
