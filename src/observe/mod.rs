//! What the server tells about itself: metrics under PostgREST's names where the meaning is the same,
//! the access log, and the lines of PostgREST's log.
//!
//! Source: <https://docs.postgrest.org/en/stable/references/observability.html>.

pub mod access;
pub mod metrics;

pub use metrics::Metrics;

/// `26/Jul/2021:01:56:38 -0500`, as PostgREST writes times.
pub const TIME_FORMAT: &str = "%d/%b/%Y:%H:%M:%S %z";
