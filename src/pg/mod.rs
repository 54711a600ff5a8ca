//! PostgreSQL: identifiers and quoting, connection strings, TLS, the pool, server version, and the
//! embedded private cluster. Nothing here knows what a request is.

pub mod adopt;
pub mod conn_string;
pub mod embedded;
pub mod ident;
pub mod migrations;
pub mod session;
pub mod supabase_dir;
pub mod tls;
pub mod version;
