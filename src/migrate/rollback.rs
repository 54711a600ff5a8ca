//! Undoing a run within its window.
