//! The functions' way to stored files.
//!
//! In: a bucket and names, and on whose behalf. The rows of `storage.objects` say what there is; row
//! security decides what a caller may remove. A server without a store keeps the rows in order.

use bytes::Bytes;
use futures_util::stream;
use tokio_postgres::Client;

use super::as_caller::as_caller;
use super::error::FunctionError;
use super::{FunctionRequest, Functions};
use crate::auth::AuthResult;
use crate::storage::StorageState;
use crate::storage::error::StorageError;
use crate::storage::identity::{Identity, RequestFacts};
use crate::storage::name::ObjectName;
use crate::storage::transfer;
use crate::storage::upload::{Declared, Upload};

/// The bucket of notes' files.
pub const ATTACHMENTS: &str = "attachments";
/// Most names removed at once.
const MAX_NAMES: usize = 1000;

/// Removes objects as the caller. Names that are not there, or not the caller's to remove, are left out.
///
/// # Errors
/// Those of the store and of the database.
pub async fn remove(
    functions: &Functions,
    caller: &AuthResult,
    request: &FunctionRequest,
    bucket: &str,
    names: &[String],
) -> Result<(), FunctionError> {
    let Some(storage) = &functions.storage else {
        return remove_rows(functions, caller, request, bucket, names).await;
    };
    let facts = RequestFacts {
        method: request.method.clone(),
        ..RequestFacts::default()
    };
    let identity = Identity::new(caller.clone(), None, facts);
    for names in names.chunks(MAX_NAMES) {
        let operation = "storage.object.delete_many";
        transfer::remove(storage, &identity, operation, bucket, names.to_vec())
            .await
            .map_err(|error| failed("removing files", &error))?;
    }
    Ok(())
}

async fn remove_rows(
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
            // Newer Supabase projects guard the table against plain deletes.
            let allowed = client.execute(
                "select set_config('storage.allow_delete_query', 'true', true)",
                &[],
            );
            let failed = |error| FunctionError::internal("removing files", &error);
            allowed.await.map_err(failed)?;
            client
                .execute(
                    "delete from storage.objects where bucket_id = $1 and name = any ($2)",
                    &[&bucket, &names],
                )
                .await
                .map_err(failed)
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
    functions: &Functions,
    bucket: &str,
    object: NewObject<'_>,
) -> Result<Option<String>, FunctionError> {
    let Some(storage) = &functions.storage else {
        tracing::warn!(bucket, name = object.name, "functions: no file store");
        return Ok(None);
    };
    let name = object.name;
    store(storage, bucket, object)
        .await
        .map_err(|error| failed("storing a file", &error))?;
    let base = functions.auth.settings.issuer.trim_end_matches("/auth/v1");
    Ok(Some(format!(
        "{base}/storage/v1/object/public/{bucket}/{name}"
    )))
}

async fn store(
    storage: &StorageState,
    bucket: &str,
    object: NewObject<'_>,
) -> Result<(), StorageError> {
    let upload = Upload {
        identity: Identity::server(RequestFacts::default()),
        operation: "storage.object.upload",
        bucket: bucket.to_owned(),
        name: ObjectName::parse(object.name)?,
        owner: None,
        upsert: false,
    };
    let declared = Declared {
        media_type: object.content_type.to_owned(),
        length: u64::try_from(object.bytes.len()).ok(),
        ..Declared::default()
    };
    let bytes = stream::iter([Ok(Bytes::from(object.bytes))]);
    let stored = upload
        .store(storage, bytes, storage.file_size_limit_bytes)
        .await?;
    upload.finish(storage, declared, stored).await?;
    Ok(())
}

fn failed(doing: &str, error: &StorageError) -> FunctionError {
    FunctionError::internal(doing, error)
}
