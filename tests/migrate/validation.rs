//! See `oppbase::migrate`: validation.
