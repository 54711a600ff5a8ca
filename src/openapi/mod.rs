//! `openapi`: see the crate documentation.
