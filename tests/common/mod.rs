//! What every integration test starts from: a database of its own, and an application in front of it.
//!
//! One private cluster per test program ([`cluster`]), template databases made when first asked for,
//! a clone per test ([`db`]), the application on port 0 with a client per role ([`app`]).

#![allow(dead_code, reason = "each test file uses its own part of the harness")]

pub mod app;
pub mod cluster;
pub mod db;

#[allow(unused_imports, reason = "see above")]
pub use app::{TestApp, spawn_app, spawn_app_unready};
#[allow(unused_imports, reason = "see above")]
pub use db::{Template, TestDb};
