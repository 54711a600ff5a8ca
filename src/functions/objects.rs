//! The functions' way to stored files.
//!
//! In: a bucket and names, and on whose behalf. The rows of `storage.objects` say what there is; row
//! security decides what a caller may remove.

use tokio_postgres::Client;

use super::as_caller::as_caller;
use super::error::FunctionError;
use super::{FunctionRequest, Functions};
use crate::auth::AuthResult;

/// The bucket of notes' files.
pub const ATTACHMENTS: &str = "attachments";

/// Removes objects as the caller. Names that are not there, or not the caller's to remove, are left out.
///
/// # Errors
/// Those of the database.
pub async fn remove(
    functions: &Functions,
    caller: &AuthResult,
    request: &FunctionRequest,
    bucket: &str,
    names: &[String],
) -> Result<(), FunctionError> {
    as_caller(
        &functions.sessions,
        caller,
        request,
        async |client: &Client| {
            let removed = async {
                // Newer Supabase projects guard the table against plain deletes.
                client
                    .execute(
                        "select set_config('storage.allow_delete_query', 'true', true)",
                        &[],
                    )
                    .await?;
                client
                    .execute(
                        "delete from storage.objects where bucket_id = $1 and name = any ($2)",
                        &[&bucket, &names],
                    )
                    .await
            };
            removed
                .await
                .map_err(|error| FunctionError::internal("removing files", &error))
        },
    )
    .await?;
    Ok(())
}

/// A file that is about to be stored.
#[derive(Debug)]
pub struct NewObject<'a> {
    pub name: &'a str,
    pub content_type: &'a str,
    pub bytes: Vec<u8>,
}

/// Stores a file on the server's own behalf and gives its public address; `None` without a store.
///
/// # Errors
/// Those of the store.
pub async fn upload(
    _functions: &Functions,
    bucket: &str,
    object: NewObject<'_>,
) -> Result<Option<String>, FunctionError> {
    tracing::warn!(bucket, name = object.name, "functions: no file store");
    Ok(None)
}
