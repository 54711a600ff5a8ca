//! Measuring a run without changing anything.
