//! See `oppbase::migrate`: rollback.
