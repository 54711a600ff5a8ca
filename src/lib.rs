//! oppbase: the whole backend of the Atomic CRM React Admin application, in one binary plus PostgreSQL.
//!
//! The request pipeline, one way only:
//!
//! ```text
//! http -> rest::api_request -> rest::plan -> rest::query -> rest::transaction -> rest::response
//! ```
//!
//! Modules depend downward only; `tests/architecture.rs` holds the rules.

pub mod auth;
pub mod cli;
pub mod config;
pub mod crm;
pub mod docs;
pub mod error;
pub mod functions;
pub mod gen_types;
pub mod http;
pub mod mail;
pub mod mapping;
pub mod migrate;
pub mod observe;
pub mod openapi;
pub mod outbound;
pub mod pg;
pub mod reload;
pub mod rest;
pub mod schema_cache;
pub mod state;
pub mod storage;
pub mod webhooks;
