//! What happens to every request and answer, whatever the service.

pub mod access_log;
pub mod cors;
pub mod maintenance;
pub mod trace_header;
