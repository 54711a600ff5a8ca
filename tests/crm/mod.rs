//! The typed endpoints: what they document is what they do.

mod endpoints;
mod models;
