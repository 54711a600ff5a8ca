//! Rows of `storage.buckets`.
//!
//! In: a [`Database`] and an [`Identity`]. Out: buckets as clients see them, or the refusal of the
//! policies. What the server itself must know of a bucket ([`Limits`]) it reads as itself.

use serde_json::{Value, json};
use tokio_postgres::types::Type;

use super::error::{Result, StorageError, codes};
use super::identity::{Identity, owner_uuid};
use super::media_type;
use super::name::BucketName;
use super::row;
use super::transaction::{Database, Step};

/// What the server must know of a bucket before it takes or gives bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Everybody may read by name.
    pub is_public: bool,
    pub file_size_limit_bytes: Option<u64>,
    pub allowed_mime_types: Option<Vec<String>>,
}

impl Limits {
    /// Smaller of the bucket's and the server's limit.
    pub fn max_bytes(&self, server_limit_bytes: u64) -> u64 {
        self.file_size_limit_bytes
            .map_or(server_limit_bytes, |limit| limit.min(server_limit_bytes))
    }
}

/// Values of a bucket that is created or changed; outer `None`: not mentioned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    pub public: Option<bool>,
    pub file_size_limit_bytes: Option<Option<u64>>,
    pub allowed_mime_types: Option<Option<Vec<String>>>,
}

impl Settings {
    /// Checks the limits against the server's.
    ///
    /// # Errors
    /// EntityTooLarge, InvalidMimeType.
    pub fn check(&self, server_limit_bytes: u64) -> Result<()> {
        if let Some(Some(limit)) = self.file_size_limit_bytes
            && limit > server_limit_bytes
        {
            return Err(StorageError::too_large(server_limit_bytes));
        }
        for entry in self.allowed_mime_types.iter().flatten().flatten() {
            media_type::check_entry(entry)?;
        }
        Ok(())
    }

    fn limit(&self) -> Option<i64> {
        let limit = self.file_size_limit_bytes.flatten()?;
        Some(i64::try_from(limit).unwrap_or(i64::MAX))
    }

    fn types(&self) -> Option<Vec<String>> {
        self.allowed_mime_types.clone().flatten()
    }
}

/// Order and part of a list of buckets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListOptions {
    pub search: Option<String>,
    /// One of `id`, `name`, `created_at`, `updated_at`.
    pub sort_column: Option<String>,
    pub descending: bool,
    pub limit: Option<i64>,
    pub offset: i64,
}

/// The limits of a bucket, whoever asks; `None`: there is no such bucket.
///
/// # Errors
/// Of the database.
pub async fn limits(db: &Database, caller: &Identity, id: &str) -> Result<Option<Limits>> {
    let step = Step::new(include_str!("sql/bucket_limits.sql")).text(Some(id));
    let rows = db
        .run(&caller.as_server(), "storage.bucket.get", step)
        .await?;
    rows.first()
        .map(|row| {
            let limit: Option<i64> = row::get(row, "file_size_limit")?;
            Ok(Limits {
                is_public: row::get(row, "public")?,
                file_size_limit_bytes: limit.map(|limit| u64::try_from(limit).unwrap_or(0)),
                allowed_mime_types: row::get(row, "allowed_mime_types")?,
            })
        })
        .transpose()
}

/// As [`limits`], for routes that need the bucket.
///
/// # Errors
/// NoSuchBucket; of the database.
pub async fn require(db: &Database, caller: &Identity, id: &str) -> Result<Limits> {
    limits(db, caller, id)
        .await?
        .ok_or_else(StorageError::no_such_bucket)
}

/// The buckets that the caller may see.
///
/// # Errors
/// Of the database.
pub async fn list(db: &Database, caller: &Identity, options: &ListOptions) -> Result<Vec<Value>> {
    let step = Step::new(include_str!("sql/bucket_list.sql"))
        .text(options.search.as_deref())
        .text(options.sort_column.as_deref())
        .bind(options.descending, Type::BOOL)
        .bind(options.limit, Type::INT8)
        .bind(options.offset, Type::INT8);
    let rows = db.run(caller, "storage.bucket.list", step).await?;
    rows.iter().map(|row| Ok(shape(row::json(row)?))).collect()
}

/// One bucket.
///
/// # Errors
/// NoSuchBucket, also for one that the caller may not see.
pub async fn get(db: &Database, caller: &Identity, id: &str) -> Result<Value> {
    let step = Step::new(include_str!("sql/bucket_select.sql")).text(Some(id));
    let rows = db.run(caller, "storage.bucket.get", step).await?;
    let row = rows.first().ok_or_else(StorageError::no_such_bucket)?;
    Ok(shape(row::json(row)?))
}

/// Creates a bucket.
///
/// # Errors
/// AccessDenied, BucketAlreadyExists.
pub async fn create(
    db: &Database,
    caller: &Identity,
    name: &BucketName,
    settings: &Settings,
) -> Result<()> {
    let step = Step::new(include_str!("sql/bucket_insert.sql"))
        .text(Some(name.as_str()))
        .bind(owner_uuid(caller.user_id()), Type::UUID)
        .text(caller.user_id())
        .bind(settings.public.unwrap_or(false), Type::BOOL)
        .bind(settings.limit(), Type::INT8)
        .bind(settings.types(), Type::TEXT_ARRAY);
    db.run(caller, "storage.bucket.create", step)
        .await
        .map(|_| ())
        .map_err(|error| {
            error.recode(
                &codes::RESOURCE_ALREADY_EXISTS,
                &codes::BUCKET_ALREADY_EXISTS,
                "The resource already exists",
            )
        })
}

/// Changes what is mentioned.
///
/// # Errors
/// NoSuchBucket, also for one that the caller may not change.
pub async fn update(db: &Database, caller: &Identity, id: &str, settings: &Settings) -> Result<()> {
    let step = Step::new(include_str!("sql/bucket_update.sql"))
        .text(Some(id))
        .bind(settings.public, Type::BOOL)
        .bind(settings.file_size_limit_bytes.is_some(), Type::BOOL)
        .bind(settings.limit(), Type::INT8)
        .bind(settings.allowed_mime_types.is_some(), Type::BOOL)
        .bind(settings.types(), Type::TEXT_ARRAY);
    let rows = db.run(caller, "storage.bucket.update", step).await?;
    found(&rows)
}

/// Deletes an empty bucket.
///
/// # Errors
/// NoSuchBucket, ResourceNotEmpty.
pub async fn delete(db: &Database, caller: &Identity, id: &str) -> Result<()> {
    let step = Step::new(include_str!("sql/bucket_delete.sql")).text(Some(id));
    let deleted = db.run(caller, "storage.bucket.delete", step).await;
    // The only resource that refers to a bucket is its objects.
    let rows = deleted.map_err(|error| {
        error.recode(
            &codes::NO_SUCH_BUCKET,
            &codes::RESOURCE_NOT_EMPTY,
            "The bucket you tried to delete is not empty",
        )
    })?;
    found(&rows)
}

fn found(rows: &[tokio_postgres::Row]) -> Result<()> {
    if rows.is_empty() {
        return Err(StorageError::no_such_bucket());
    }
    Ok(())
}

/// A row as clients read it. Python's client refuses a bucket without one of the members.
fn shape(row: Value) -> Value {
    let member = |name: &str| row.get(name).cloned().unwrap_or(Value::Null);
    let or = |value: Value, default: Value| if value.is_null() { default } else { value };
    let owner = or(member("owner"), or(member("owner_id"), json!("")));
    json!({
        "id": member("id"),
        "name": member("name"),
        "owner": owner,
        "public": or(member("public"), json!(false)),
        "type": or(member("type"), json!("STANDARD")),
        "file_size_limit": member("file_size_limit"),
        "allowed_mime_types": member("allowed_mime_types"),
        "created_at": row::time(&member("created_at")),
        "updated_at": row::time(&member("updated_at")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_has_every_member() {
        let shaped = shape(
            json!({"id": "a", "name": "a", "created_at": "2026-01-02T03:04:05.678901+01:00"}),
        );
        assert_eq!(
            shaped,
            json!({"id": "a", "name": "a", "owner": "", "public": false, "type": "STANDARD",
                   "file_size_limit": null, "allowed_mime_types": null,
                   "created_at": "2026-01-02T02:04:05.678Z", "updated_at": null})
        );
    }

    #[test]
    fn a_bucket_never_allows_more_than_the_server() {
        let limits = |limit| Limits {
            is_public: false,
            file_size_limit_bytes: limit,
            allowed_mime_types: None,
        };
        assert_eq!(limits(None).max_bytes(50), 50);
        assert_eq!(limits(Some(7)).max_bytes(50), 7);
        assert_eq!(limits(Some(70)).max_bytes(50), 50);
        let settings = Settings {
            file_size_limit_bytes: Some(Some(51)),
            ..Settings::default()
        };
        assert!(settings.check(50).is_err() && settings.check(51).is_ok());
    }
}
