//! The dry run.
