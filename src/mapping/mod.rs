//! `mapping`: see the crate documentation.
