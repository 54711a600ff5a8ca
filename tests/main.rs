//! All integration tests, in one program: one link, one private PostgreSQL cluster.

#![allow(clippy::panic, reason = "a test says with a panic that it failed")]

mod auth;
mod cli;
mod common;
mod crm;
mod docs;
mod functions;
mod fuzz;
mod harness;
mod legacy;
mod migrate;
mod openapi;
mod operation;
mod property;
mod replay;
mod schema;
mod spec;
mod storage;
mod webhooks;
