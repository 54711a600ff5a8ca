//! HTTP: listeners, the application's URL space, and the border between actix's types and ours.

pub mod server;
