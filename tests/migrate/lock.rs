//! See `oppbase::migrate`: lock.
