//! Stage 5: result set and plan -> status, headers, body.

pub mod swagger;

use bytes::Bytes;

/// The answer, before the HTTP layer turns it into its own type.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HttpResponse {
    pub status: u16,
    /// Reason phrase when it is not the standard one.
    pub status_text: Option<String>,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}
