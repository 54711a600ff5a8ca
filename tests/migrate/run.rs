//! See `oppbase::migrate`: run.
