//! The last sweep.
