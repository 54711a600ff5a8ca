//! Measures a run.
