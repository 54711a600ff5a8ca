//! What happens to every request and answer, whatever the service.

pub mod cors;
pub mod trace_header;
