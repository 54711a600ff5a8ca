//! The REST surface, one file per topic of the documentation.

mod abandoned;
mod bad_input;
mod csv;
mod database_down;
mod isolation;
mod reload;
mod round_trip;
mod tolerance;
