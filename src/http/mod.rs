//! HTTP: listeners, the application's URL space, and the border between actix's types and ours.

pub mod admin;
pub mod app;
mod background;
mod legacy_pages;
pub mod listen;
mod mail_page;
pub mod middleware;
pub mod not_enabled;
mod pool_shares;
mod request_target;
mod serve;
pub mod server;
mod setup;
mod stream;
pub mod ui;
