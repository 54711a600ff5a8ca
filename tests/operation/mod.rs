//! The program in PostgREST's place, from outside: command line, configuration, signals, sockets, log,
//! and what happens when the database goes away.

mod admin;
mod config;
mod database;
mod ddl;
mod log;
mod pooler;
mod reload;
mod reload_changes;
mod reload_ddl;
mod request_target;
mod server;
mod sockets;
