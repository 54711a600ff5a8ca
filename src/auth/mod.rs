//! Identity: who is asking. Verifies tokens and keys; the GoTrue-compatible routes live in `routes`.

use serde_json::{Map, Value};

/// The database role and the claims of one request.
#[derive(Debug, Clone, PartialEq)]
pub struct AuthResult {
    pub role: String,
    pub claims: Map<String, Value>,
}
