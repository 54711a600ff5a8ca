//! See `oppbase::migrate`: verify.
