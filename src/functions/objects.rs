//! The functions' way to stored files.
//!
//! In: a bucket and names, and on whose behalf. Out: what [`crate::storage`] does: rows and bytes in step,
//! and row security decides what a caller may remove. Without a store there are no files to remove or to
//! keep; rows are removed all the same.

use futures_util::stream;
use serde_json::{Map, Value};
use tokio_postgres::Client;

use super::as_caller::as_caller;
use super::error::FunctionError;
use super::{FunctionRequest, Functions};
use crate::auth::AuthResult;
use crate::storage::error::StorageError;
use crate::storage::identity::{Identity, RequestFacts};
use crate::storage::name::ObjectName;
use crate::storage::upload::{Declared, Upload};
use crate::storage::{bucket, media_type, transfer};

/// The bucket of notes' files.
pub const ATTACHMENTS: &str = "attachments";

/// Most names removed at once.
const MAX_NAMES: usize = 1000;

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
    const OPERATION: &str = "storage.object.delete_many";
    let Some(storage) = &functions.storage else {
        return remove_rows(functions, caller, request, bucket, names).await;
    };
    let facts = RequestFacts {
        method: request.method.clone(),
        path: String::new(),
        headers: headers(request),
    };
    let identity = Identity::new(caller.clone(), None, facts);
    for names in names.chunks(MAX_NAMES) {
        transfer::remove(storage, &identity, OPERATION, bucket, names.to_vec())
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

/// Stores a file on the server's own behalf and gives its public address; `None` without a store, and
/// for a file that the bucket does not take.
///
/// # Errors
/// Those of the store and of the database.
pub async fn upload(
    functions: &Functions,
    bucket: &str,
    object: NewObject<'_>,
) -> Result<Option<String>, FunctionError> {
    let Some(storage) = &functions.storage else {
        tracing::warn!(bucket, name = object.name, "functions: no file store");
        return Ok(None);
    };
    let stored = async {
        let upload = Upload {
            identity: Identity::server(RequestFacts::default()),
            operation: "storage.object.upload",
            bucket: bucket.to_owned(),
            name: ObjectName::parse(object.name)?,
            owner: None,
            upsert: false,
        };
        let declared = Declared {
            media_type: media_type::parse(object.content_type)
                .unwrap_or_else(|_| media_type::DEFAULT.into()),
            length: u64::try_from(object.bytes.len()).ok(),
            ..Declared::default()
        };
        let limits = bucket::require(&storage.database(), &upload.identity, bucket).await?;
        let max_bytes = upload.permit(storage, &limits, &declared).await?;
        let bytes = stream::iter([Ok(object.bytes.into())]);
        let stored = upload.store(storage, bytes, max_bytes).await?;
        upload.finish(storage, declared, stored).await
    };
    match stored.await {
        Ok(_) => {
            let issuer = &functions.auth.settings.issuer;
            let base = issuer.trim_end_matches("/auth/v1");
            let name = object.name;
            Ok(Some(format!(
                "{base}/storage/v1/object/public/{bucket}/{name}"
            )))
        }
        Err(error) if error.is_refusal() => {
            tracing::warn!(bucket, name = object.name, %error, "functions: a file was refused");
            Ok(None)
        }
        Err(error) => Err(failed("storing a file", &error)),
    }
}

fn headers(request: &FunctionRequest) -> Map<String, Value> {
    let pairs = request.headers.iter();
    pairs
        .filter(|(name, value)| name != "cookie" && !value.contains('\0'))
        .map(|(name, value)| (name.clone(), value.as_str().into()))
        .collect()
}

fn failed(doing: &str, error: &StorageError) -> FunctionError {
    FunctionError::internal(doing, error)
}
