//! `observe`: see the crate documentation.
