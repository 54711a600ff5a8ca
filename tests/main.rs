//! All integration tests, in one program: one link, one private PostgreSQL cluster.

mod common;
mod harness;
