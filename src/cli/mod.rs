//! `cli`: see the crate documentation.
