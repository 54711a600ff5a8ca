//! Rows of `storage.objects`.
//!
//! In: a [`Database`] and an [`Identity`]. Out: objects, or the refusal of the policies. Who may do what
//! is decided by the policies alone: every statement here runs as the identity it is given.
//!
//! Writers of one name take turns (an advisory lock until the commit), so that each knows which version
//! it replaced and may delete its bytes.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::error::{Result, StorageError, codes};
use super::identity::{Identity, owner_uuid};
use super::name::{StoreKey, normal};
use super::row;
use super::transaction::{Database, End, Step};

/// Columns that answers show.
const SHOWN: &[&str] = &[
    "id",
    "name",
    "bucket_id",
    "owner",
    "owner_id",
    "version",
    "created_at",
    "updated_at",
    "last_accessed_at",
    "metadata",
    "user_metadata",
];
const TIMES: &[&str] = &["created_at", "updated_at", "last_accessed_at"];

/// A row.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    row: Value,
}

impl Object {
    /// From the row as `jsonb`.
    pub fn new(row: Value) -> Self {
        Self { row }
    }

    fn text(&self, column: &str) -> Option<&str> {
        self.row.get(column).and_then(Value::as_str)
    }

    /// A member of `metadata`.
    pub fn metadata(&self, member: &str) -> Option<&Value> {
        self.row.get("metadata")?.get(member)
    }

    fn metadata_text(&self, member: &str) -> Option<&str> {
        self.metadata(member).and_then(Value::as_str)
    }

    /// Name of the bucket.
    pub fn bucket(&self) -> &str {
        self.text("bucket_id").unwrap_or_default()
    }

    /// Whole name within the bucket.
    pub fn name(&self) -> &str {
        self.text("name").unwrap_or_default()
    }

    /// Version of the bytes.
    pub fn version(&self) -> Option<&str> {
        self.text("version").filter(|version| !version.is_empty())
    }

    /// Where the bytes are.
    pub fn key(&self) -> StoreKey {
        StoreKey::new(self.bucket(), self.name(), self.version())
    }

    /// Bytes, as far as the row knows.
    pub fn size(&self) -> Option<u64> {
        let size = self
            .metadata("size")
            .or_else(|| self.metadata("contentLength"))?;
        size.as_u64().or_else(|| size.as_str()?.parse().ok())
    }

    /// Content type as it was uploaded.
    pub fn media_type(&self) -> Option<&str> {
        self.metadata_text("mimetype")
    }

    /// Stored `Cache-Control`.
    pub fn cache_control(&self) -> Option<&str> {
        self.metadata_text("cacheControl")
    }

    /// Entity tag with its quotes. Without one in the row: the version, which changes with the bytes.
    pub fn etag(&self) -> String {
        match self.metadata_text("eTag") {
            Some(tag) if tag.starts_with('"') || tag.starts_with("W/") => tag.to_owned(),
            Some(tag) if !tag.is_empty() => format!("\"{tag}\""),
            _ => {
                let id = self.version().or_else(|| self.text("id"));
                format!("\"{}\"", id.unwrap_or_default())
            }
        }
    }

    /// When the bytes were written.
    pub fn last_modified(&self) -> Option<DateTime<Utc>> {
        let stored = self.metadata("lastModified").and_then(row::moment);
        stored.or_else(|| row::moment(self.row.get("updated_at")?))
    }

    /// Stored `X-Robots-Tag`.
    pub fn robots_tag(&self) -> Option<&str> {
        self.metadata_text("xRobotsTag")
    }

    /// `metadata` as it is.
    pub fn all_metadata(&self) -> Value {
        self.row.get("metadata").cloned().unwrap_or(Value::Null)
    }

    /// What the uploader attached.
    pub fn user_metadata(&self) -> Value {
        self.row
            .get("user_metadata")
            .cloned()
            .unwrap_or(Value::Null)
    }

    /// The row as answers show it: known columns, times as JavaScript writes them.
    pub fn shown(&self) -> Map<String, Value> {
        SHOWN
            .iter()
            .filter_map(|column| {
                let value = self.row.get(*column)?;
                let value = match TIMES.contains(column) {
                    true => row::time(value),
                    false => value.clone(),
                };
                Some(((*column).to_owned(), value))
            })
            .collect()
    }

    /// The answer of `info`.
    pub fn info(&self) -> Value {
        let shown = self.shown();
        let column = |name: &str| shown.get(name).cloned().unwrap_or(Value::Null);
        json!({
            "id": column("id"),
            "name": self.name(),
            "version": column("version"),
            "bucket_id": self.bucket(),
            "size": self.size(),
            "content_type": self.media_type(),
            "cache_control": self.cache_control(),
            "etag": self.etag(),
            "metadata": self.user_metadata(),
            "last_modified": self.last_modified().map(row::iso),
            "created_at": column("created_at"),
        })
    }
}

/// A row to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct NewObject {
    pub id: Uuid,
    pub bucket: String,
    pub name: String,
    /// Subject of the owner.
    pub owner: Option<String>,
    pub version: String,
    pub metadata: Value,
    pub user_metadata: Option<Value>,
}

impl NewObject {
    /// Where its bytes are.
    pub fn key(&self) -> StoreKey {
        StoreKey::new(&self.bucket, &self.name, Some(&self.version))
    }

    fn step(&self, sql: &'static str) -> Step {
        Step::new(sql)
            .bind(self.id, Type::UUID)
            .text(Some(&self.bucket))
            .text(Some(&self.name))
            .bind(owner_uuid(self.owner.as_deref()), Type::UUID)
            .text(self.owner.as_deref())
            .text(Some(&self.version))
            .bind(self.metadata.clone(), Type::JSONB)
            .bind(self.user_metadata.clone(), Type::JSONB)
    }
}

/// What a write did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    pub id: Uuid,
    /// Bytes that no row names any more.
    pub replaced: Option<StoreKey>,
}

/// The object, if the identity may see it.
///
/// # Errors
/// Of the database.
pub async fn find(
    db: &Database,
    identity: &Identity,
    operation: &str,
    bucket: &str,
    name: &str,
) -> Result<Option<Object>> {
    let name = normal(name);
    if name.contains('\0') || bucket.contains('\0') {
        return Ok(None);
    }
    let step = Step::new(include_str!("sql/object_select.sql"))
        .text(Some(bucket))
        .text(Some(&name));
    let rows = db.run(identity, operation, step).await?;
    rows.first()
        .map(|row| row::json(row).map(Object::new))
        .transpose()
}

/// As [`find`], for routes that need the object.
///
/// # Errors
/// NoSuchKey; of the database.
pub async fn require(
    db: &Database,
    identity: &Identity,
    operation: &str,
    bucket: &str,
    name: &str,
) -> Result<Object> {
    find(db, identity, operation, bucket, name)
        .await?
        .ok_or_else(StorageError::no_such_key)
}

/// The objects of these names that the identity may see, in no order.
///
/// # Errors
/// Of the database.
pub async fn find_many(
    db: &Database,
    identity: &Identity,
    operation: &str,
    bucket: &str,
    names: &[String],
) -> Result<Vec<Object>> {
    let step = Step::new(include_str!("sql/object_select_many.sql"))
        .text(Some(bucket))
        .bind(storable(names), Type::TEXT_ARRAY);
    objects(&db.run(identity, operation, step).await?)
}

/// Inserts the row, or with `upsert` replaces one that is there. With [`End::Rollback`] it only asks
/// whether the identity may.
///
/// # Errors
/// AccessDenied, KeyAlreadyExists, NoSuchBucket.
pub async fn write(
    db: &Database,
    identity: &Identity,
    operation: &str,
    object: &NewObject,
    upsert: bool,
    end: End,
) -> Result<Written> {
    let write = match upsert {
        true => object.step(include_str!("sql/object_upsert.sql")),
        false => object.step(include_str!("sql/object_insert.sql")),
    };
    let steps = [lock(&object.bucket, &object.name), write];
    let rows = db
        .transact(identity, operation, end, &steps)
        .await
        .map_err(exists)?;
    let Some(row) = rows.get(1).and_then(|rows| rows.first()) else {
        // A plain insert returns nothing: reading the new row would need another policy.
        return Ok(Written {
            id: object.id,
            replaced: None,
        });
    };
    let old_version: Option<String> = row::get(row, "old_version")?;
    let has_old: bool = row::get(row, "has_old")?;
    let replaced =
        has_old.then(|| StoreKey::new(&object.bucket, &object.name, old_version.as_deref()));
    Ok(Written {
        id: row::get(row, "id")?,
        replaced,
    })
}

/// Gives an object a new name and a new version, provided that it still has the version of `object`.
///
/// # Errors
/// AccessDenied, KeyAlreadyExists, NoSuchBucket, ResourceLocked when another writer was faster.
pub async fn rename(
    db: &Database,
    identity: &Identity,
    operation: &str,
    object: &Object,
    (bucket, name, version): (&str, &str, &str),
    end: End,
) -> Result<()> {
    let update = Step::new(include_str!("sql/object_rename.sql"))
        .text(Some(object.bucket()))
        .text(Some(object.name()))
        .text(object.text("version"))
        .text(Some(bucket))
        .text(Some(name))
        .text(Some(version));
    let mut locks = [(object.bucket(), object.name()), (bucket, name)];
    // One order for all, or two moves in opposite directions would wait for one another.
    locks.sort_unstable();
    let steps = [
        lock(locks[0].0, locks[0].1),
        lock(locks[1].0, locks[1].1),
        update,
    ];
    let rows = db
        .transact(identity, operation, end, &steps)
        .await
        .map_err(exists)?;
    if rows.get(2).is_some_and(|rows| !rows.is_empty()) {
        return Ok(());
    }
    Err(match end {
        // Visible, and yet not updated: a policy says no.
        End::Rollback => StorageError::new(
            &codes::ACCESS_DENIED,
            "row-level security does not allow to update the object",
        ),
        End::Commit => StorageError::new(&codes::RESOURCE_LOCKED, "The object has just changed"),
    })
}

/// Deletes the rows of these names; what the identity may not see or delete is left out.
///
/// # Errors
/// AccessDenied without the privilege on the table; of the database.
pub async fn delete_many(
    db: &Database,
    identity: &Identity,
    operation: &str,
    bucket: &str,
    names: &[String],
) -> Result<Vec<Object>> {
    let step = Step::new(include_str!("sql/object_delete.sql"))
        .text(Some(bucket))
        .bind(storable(names), Type::TEXT_ARRAY);
    objects(&db.run(identity, operation, step).await?)
}

/// Deletes up to `limit` rows of a bucket, for emptying it.
///
/// # Errors
/// As [`delete_many`].
pub async fn delete_some(
    db: &Database,
    identity: &Identity,
    operation: &str,
    bucket: &str,
    limit: i64,
) -> Result<Vec<Object>> {
    let step = Step::new(include_str!("sql/object_delete_some.sql"))
        .text(Some(bucket))
        .bind(limit, Type::INT8);
    objects(&db.run(identity, operation, step).await?)
}

fn lock(bucket: &str, name: &str) -> Step {
    Step::new("select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended($1, 0))")
        .text(Some(&format!("storage.objects/{bucket}/{name}")))
}

fn exists(error: StorageError) -> StorageError {
    error.recode(
        &codes::RESOURCE_ALREADY_EXISTS,
        &codes::KEY_ALREADY_EXISTS,
        "The resource already exists",
    )
}

/// Names as rows have them; what PostgreSQL cannot store names nothing.
fn storable(names: &[String]) -> Vec<String> {
    names
        .iter()
        .filter(|name| !name.contains('\0'))
        .map(|name| normal(name))
        .collect()
}

fn objects(rows: &[tokio_postgres::Row]) -> Result<Vec<Object>> {
    rows.iter()
        .map(|row| row::json(row).map(Object::new))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(metadata: Value) -> Object {
        Object::new(json!({
            "id": "i", "bucket_id": "b", "name": "d/a.txt", "version": "v", "metadata": metadata,
            "updated_at": "2026-01-02T03:04:05.678901+00:00", "path_tokens": ["d", "a.txt"],
        }))
    }

    #[test]
    fn rows_of_other_servers_are_read() {
        let full = object(json!({"eTag": "\"x\"", "size": 8, "mimetype": "text/plain",
            "cacheControl": "max-age=3600", "lastModified": "2026-01-01T00:00:00.000Z"}));
        assert_eq!((full.etag().as_str(), full.size()), ("\"x\"", Some(8)));
        assert_eq!(full.key().as_str(), "b/d/a.txt/v");
        assert_eq!(
            full.last_modified().map(row::iso).as_deref(),
            Some("2026-01-01T00:00:00.000Z")
        );
        for bare in [Value::Null, json!({}), json!([]), json!("x")] {
            let bare = object(bare);
            assert_eq!((bare.etag().as_str(), bare.size()), ("\"v\"", None));
            assert_eq!(bare.media_type(), None);
            assert_eq!(
                bare.last_modified().map(row::iso).as_deref(),
                Some("2026-01-02T03:04:05.678Z")
            );
        }
    }

    #[test]
    fn answers_show_known_columns_only() {
        let shown = object(Value::Null).shown();
        assert!(!shown.contains_key("path_tokens"));
        assert_eq!(shown["updated_at"], "2026-01-02T03:04:05.678Z");
    }
}
