//! See `oppbase::migrate`: report.
