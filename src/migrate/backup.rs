//! The backup of a run and its verification.
