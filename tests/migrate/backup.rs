//! See `oppbase::migrate`: backup.
