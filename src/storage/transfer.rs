//! Copying, moving and removing objects: rows and bytes in step.
//!
//! The policies are asked before any bytes are touched. New bytes come first, then the row, and bytes
//! that no row names any more are deleted last.
//! Source: <https://supabase.com/docs/guides/storage/management/copy-move-objects>.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::StorageState;
use super::bucket;
use super::error::{Result, StorageError};
use super::identity::Identity;
use super::media_type;
use super::name::{ObjectName, StoreKey};
use super::object::{self, NewObject, Object};
use super::transaction::End;
use super::upload;

/// Rows that emptying a bucket deletes per transaction.
const BATCH: i64 = 1000;

/// From where to where.
#[derive(Debug, Clone)]
pub struct Route {
    pub bucket: String,
    /// Any name, since old rows have names of every kind.
    pub name: String,
    pub to_bucket: String,
    pub to_name: ObjectName,
}

/// What a copy changes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CopyOptions {
    pub upsert: bool,
    /// Members of `metadata` that replace the source's (`mimetype`, `cacheControl`); `None`: all as it is.
    pub metadata: Option<Map<String, Value>>,
    /// Replaces the source's; `None`: as it is.
    pub user_metadata: Option<Value>,
}

/// Copies an object; the copy belongs to the caller. Returns the new row.
///
/// # Errors
/// NoSuchKey, NoSuchBucket, KeyAlreadyExists, AccessDenied, the limits of the other bucket.
pub async fn copy(
    state: &StorageState,
    identity: &Identity,
    route: Route,
    options: CopyOptions,
) -> Result<Object> {
    const OPERATION: &str = "storage.object.copy";
    let db = state.database();
    let source = object::require(&db, identity, OPERATION, &route.bucket, &route.name).await?;
    let target = copied_row(&source, identity, &route, &options);
    check_limits(state, identity, &source, &target).await?;
    let upsert = options.upsert;
    object::write(&db, identity, OPERATION, &target, upsert, End::Rollback).await?;
    let (state, identity) = (state.clone(), identity.clone());
    run_to_the_end(async move {
        state.backend.copy(&source.key(), &target.key()).await?;
        let id = upload::commit(&state, &identity, OPERATION, &target, upsert).await?;
        let row = object::find(&db, &identity, OPERATION, &target.bucket, &target.name).await?;
        Ok(row.unwrap_or_else(|| {
            // Written, but not for the caller to read.
            let NewObject { bucket, name, .. } = target;
            Object::new(serde_json::json!({"id": id, "bucket_id": bucket, "name": name}))
        }))
    })
    .await
}

fn copied_row(
    source: &Object,
    identity: &Identity,
    route: &Route,
    options: &CopyOptions,
) -> NewObject {
    let mut metadata = source.all_metadata();
    if let (Some(metadata), Some(changes)) = (metadata.as_object_mut(), &options.metadata) {
        metadata.extend(changes.clone());
    }
    let user_metadata = match &options.user_metadata {
        Some(replaced) => Some(replaced.clone()),
        None => Some(source.user_metadata()).filter(|metadata| !metadata.is_null()),
    };
    NewObject {
        id: Uuid::new_v4(),
        bucket: route.to_bucket.clone(),
        name: route.to_name.as_str().to_owned(),
        owner: identity.user_id().map(str::to_owned),
        version: Uuid::new_v4().to_string(),
        metadata,
        user_metadata,
    }
}

/// A bucket's limits also hold for what comes from another bucket.
async fn check_limits(
    state: &StorageState,
    identity: &Identity,
    source: &Object,
    target: &NewObject,
) -> Result<()> {
    let limits = bucket::require(&state.database(), identity, &target.bucket).await?;
    let media_type = target.metadata.get("mimetype").and_then(Value::as_str);
    let media_type = media_type.unwrap_or(media_type::DEFAULT);
    if target.bucket != source.bucket() {
        media_type::check_allowed(media_type, limits.allowed_mime_types.as_deref())?;
        let max_bytes = limits.max_bytes(state.file_size_limit_bytes);
        if source.size().is_some_and(|size| size > max_bytes) {
            return Err(StorageError::too_large(max_bytes));
        }
    }
    Ok(())
}

/// Moves an object. Returns its id.
///
/// # Errors
/// NoSuchKey, NoSuchBucket, KeyAlreadyExists, AccessDenied, ResourceLocked.
pub async fn rename(state: &StorageState, identity: &Identity, route: Route) -> Result<Value> {
    const OPERATION: &str = "storage.object.move";
    let db = state.database();
    let source = object::require(&db, identity, OPERATION, &route.bucket, &route.name).await?;
    let id = source.shown().get("id").cloned().unwrap_or(Value::Null);
    let is_same = source.bucket() == route.to_bucket && source.name() == route.to_name.as_str();
    if is_same {
        return Ok(id);
    }
    let target = copied_row(&source, identity, &route, &CopyOptions::default());
    check_limits(state, identity, &source, &target).await?;
    let to = (
        target.bucket.as_str(),
        target.name.as_str(),
        target.version.as_str(),
    );
    object::rename(&db, identity, OPERATION, &source, to, End::Rollback).await?;
    let (state, identity) = (state.clone(), identity.clone());
    run_to_the_end(async move {
        let (from_key, to_key) = (source.key(), target.key());
        state.backend.copy(&from_key, &to_key).await?;
        let to = (
            target.bucket.as_str(),
            target.name.as_str(),
            target.version.as_str(),
        );
        match object::rename(&db, &identity, OPERATION, &source, to, End::Commit).await {
            Ok(()) => state.backend.discard(&from_key).await,
            Err(error) => {
                if !error.is_undecided() {
                    state.backend.discard(&to_key).await;
                }
                return Err(error);
            }
        }
        Ok(id)
    })
    .await
}

/// Deletes the objects of these names that the caller may delete, and returns them.
///
/// # Errors
/// Of the database.
pub async fn remove(
    state: &StorageState,
    identity: &Identity,
    operation: &'static str,
    bucket: &str,
    names: Vec<String>,
) -> Result<Vec<Object>> {
    let (state, identity, bucket) = (state.clone(), identity.clone(), bucket.to_owned());
    run_to_the_end(async move {
        let db = state.database();
        let deleted = object::delete_many(&db, &identity, operation, &bucket, &names).await?;
        discard_all(&state, &deleted).await;
        Ok(deleted)
    })
    .await
}

/// Deletes everything in a bucket that the caller may delete.
///
/// # Errors
/// NoSuchBucket, also for one that the caller may not see; of the database.
pub async fn empty(state: &StorageState, identity: &Identity, bucket: &str) -> Result<()> {
    const OPERATION: &str = "storage.bucket.empty";
    bucket::get(&state.database(), identity, bucket).await?;
    let (state, identity, bucket) = (state.clone(), identity.clone(), bucket.to_owned());
    run_to_the_end(async move {
        loop {
            let db = state.database();
            let deleted = object::delete_some(&db, &identity, OPERATION, &bucket, BATCH).await?;
            if deleted.is_empty() {
                return Ok(());
            }
            discard_all(&state, &deleted).await;
        }
    })
    .await
}

async fn discard_all(state: &StorageState, objects: &[Object]) {
    for key in objects.iter().map(Object::key).collect::<Vec<StoreKey>>() {
        state.backend.discard(&key).await;
    }
}

/// A client that goes away does not leave a row and its bytes out of step.
async fn run_to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    let done = tokio::spawn(work).await;
    done.map_err(|error| StorageError::internal("a task of a request", &error))?
}
