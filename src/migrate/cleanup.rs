//! Removing backups and leftovers whose time is over.
