//! See `oppbase::migrate`: cleanup.
