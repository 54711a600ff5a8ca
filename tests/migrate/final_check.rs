//! See `oppbase::migrate`: final check.
