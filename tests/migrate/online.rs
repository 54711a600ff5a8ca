//! See `oppbase::migrate`: online.
