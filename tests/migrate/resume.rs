//! See `oppbase::migrate`: resume.
