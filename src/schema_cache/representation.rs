//! Domain representations: casts between a domain and json/text that the API applies.
//!
//! Source: <https://docs.postgrest.org/en/stable/references/api/domain_representations.html>.

use std::collections::HashMap;

use serde::Serialize;

/// A cast function from one type to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Representation {
    pub source_type: String,
    pub target_type: String,
    /// The function as SQL text, quoted by the catalogue query.
    pub function: String,
}

/// By (source type, target type).
pub type Representations = HashMap<(String, String), Representation>;
