//! Documents for readers, generated from what the server does: today the migration guide.
//!
//! In: the mapping's table, the OpenAPI document, the webhooks' payloads, the example files beside this
//! one. Out: Markdown, checked in as `docs/reference/migration-guide.md`, and the same as a page. Tests
//! fail when the page is stale, and run every example. Pure.

mod earlier;
pub mod examples;
mod guide;
mod page;
mod tables;
pub mod webhooks;

pub use guide::migration_guide;
pub use page::html;
