//! Stage 2: the request resolved against the schema cache. Pure.

pub mod types;

pub use types::*;
