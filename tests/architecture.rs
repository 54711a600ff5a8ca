//! The rules of the code's structure, as tests.
