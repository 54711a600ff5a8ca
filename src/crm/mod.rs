//! `crm`: see the crate documentation.
