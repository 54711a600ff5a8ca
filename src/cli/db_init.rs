//! `oppbase db init`: makes the schema, policies and grants in a database that the configuration
//! names, and gives `authenticator` the password that the server will log in with. Safe to repeat:
//! what is there stays.

use std::path::PathBuf;

use clap::Args;

use super::connect::connect;
use super::failure::Failure;
use super::{BaselineArgument, schema};
use crate::config::load;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Configuration file; the environment wins.
    #[arg(value_name = "FILE")]
    config: Option<PathBuf>,
    /// Schema to start from.
    #[arg(long, value_enum, default_value_t)]
    baseline: BaselineArgument,
    /// Load the demo data too.
    #[arg(long)]
    demo: bool,
}

pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let config = load::load(arguments.config.as_deref(), load::process_environment())?;
    let uri = config
        .database
        .admin_uri
        .as_ref()
        .unwrap_or(&config.database.uri);
    let mut client = connect(uri).await?;
    schema::apply(&mut client, arguments.baseline, arguments.demo).await?;
    if config.database.admin_uri.is_some() {
        schema::set_authenticator_password(&client, &config.database.uri).await?;
    }
    super::note("the schema is in place");
    Ok(())
}
