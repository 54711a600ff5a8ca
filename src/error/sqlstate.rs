//! PostgreSQL SQLSTATE -> HTTP status.
