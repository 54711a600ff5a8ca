//! `oppbase gen types typescript`: prints the type `Database` of a database for supabase-js.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::connect::connect;
use super::failure::{Exit, Failure, one_line};
use crate::config::load;
use crate::gen_types::{CATALOG_SQL, Catalog, ToOne, typescript};
use crate::schema_cache;
use crate::schema_cache::load::LoadOptions;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Language of the types.
    #[arg(value_enum, default_value_t)]
    language: Language,
    /// Configuration file; the environment wins.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Database to read instead of the configured one.
    #[arg(long, value_name = "URI")]
    db_url: Option<String>,
    /// Schemas, separated by commas or given several times. Default: those that the API serves.
    #[arg(long, short, value_name = "NAME", value_delimiter = ',')]
    schema: Vec<String>,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Language {
    #[default]
    Typescript,
}

pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let Language::Typescript = arguments.language;
    let config = load::load(arguments.config.as_deref(), load::process_environment())?;
    let uri = arguments
        .db_url
        .as_ref()
        .or(config.database.admin_uri.as_ref())
        .unwrap_or(&config.database.uri);
    let mut options = LoadOptions::from_config(&config.rest);
    if !arguments.schema.is_empty() {
        options.schemas = arguments.schema;
    }
    let client = connect(uri).await?;
    let row = client.query_one(CATALOG_SQL, &[&options.schemas]).await?;
    let text: &str = row.try_get(0)?;
    let catalog = Catalog::from_json(text)
        .map_err(|e| Failure::new(Exit::Other, format!("reading the catalogue: {e}")))?;
    if let Some(missing) = options
        .schemas
        .iter()
        .find(|schema| !catalog.schemas.contains(schema))
    {
        let message = format!("there is no schema \"{missing}\" in the database");
        return Err(Failure::new(Exit::Usage, message).hint("name existing schemas with --schema"));
    }
    let cache = schema_cache::load::load(&client, &options)
        .await
        .map_err(|e| Failure::new(Exit::Database, one_line(&e.to_string())))?;
    super::print(&typescript(&catalog, &ToOne::of(&cache)));
    Ok(())
}
