//! An upload: permission, bytes, row, in this order.
//!
//! In: what the client declares, and a stream. Out: the new row's id and key. The policies are asked
//! before the first byte is read (the row is written and rolled back), and again when the row is
//! written with what was really received.
//! Source: <https://supabase.com/docs/guides/storage/uploads/standard-uploads>.

use bytes::Bytes;
use chrono::Utc;
use futures_util::Stream;
use serde_json::{Value, json};
use uuid::Uuid;

use super::StorageState;
use super::backend::Stored;
use super::bucket::Limits;
use super::error::{Result, StorageError};
use super::identity::Identity;
use super::media_type;
use super::name::ObjectName;
use super::object::{self, NewObject, Written};
use super::row;
use super::transaction::End;

/// `Cache-Control` of a file that came without one.
pub const NO_CACHE: &str = "no-cache";

/// What the client says of a file before its bytes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Declared {
    pub media_type: String,
    /// Value of `Cache-Control`; `None`: [`NO_CACHE`].
    pub cache_control: Option<String>,
    /// Bytes, when the request says so.
    pub length: Option<u64>,
    pub user_metadata: Option<Value>,
    pub robots_tag: Option<String>,
}

impl Declared {
    /// Column `metadata`, as Supabase writes it.
    pub fn metadata(&self, stored: Option<&Stored>) -> Value {
        let mut metadata = json!({
            "mimetype": self.media_type,
            "cacheControl": self.cache_control.as_deref().unwrap_or(NO_CACHE),
        });
        if let Some(length) = stored.map(|stored| stored.size_bytes).or(self.length) {
            metadata["size"] = json!(length);
            metadata["contentLength"] = json!(length);
        }
        if let Some(stored) = stored {
            metadata["eTag"] = json!(stored.etag);
            metadata["lastModified"] = json!(row::iso(Utc::now()));
            metadata["httpStatusCode"] = json!(200);
        }
        if let Some(tag) = &self.robots_tag {
            metadata["xRobotsTag"] = json!(tag);
        }
        metadata
    }
}

/// One upload that may be done.
#[derive(Debug, Clone)]
pub struct Upload {
    pub identity: Identity,
    /// For the policies: `storage.object.upload`, …
    pub operation: &'static str,
    pub bucket: String,
    pub name: ObjectName,
    /// Subject that the object will belong to.
    pub owner: Option<String>,
    pub upsert: bool,
}

impl Upload {
    /// Checks type and length against the limits, then asks the policies. Returns the most bytes that
    /// may follow.
    ///
    /// # Errors
    /// InvalidMimeType, EntityTooLarge, AccessDenied, KeyAlreadyExists.
    pub async fn permit(
        &self,
        state: &StorageState,
        limits: &Limits,
        declared: &Declared,
    ) -> Result<u64> {
        if !self.name.is_folder_marker() {
            media_type::check_allowed(&declared.media_type, limits.allowed_mime_types.as_deref())?;
        }
        let max_bytes = limits.max_bytes(state.file_size_limit_bytes);
        if declared.length.is_some_and(|length| length > max_bytes) {
            return Err(StorageError::too_large(max_bytes));
        }
        self.probe(state, declared).await?;
        Ok(max_bytes)
    }

    /// Asks the policies whether the row could be written.
    ///
    /// # Errors
    /// AccessDenied, KeyAlreadyExists.
    pub async fn probe(&self, state: &StorageState, declared: &Declared) -> Result<()> {
        let object = self.row(Uuid::new_v4(), declared, None);
        let db = state.database();
        object::write(
            &db,
            &self.identity,
            self.operation,
            &object,
            self.upsert,
            End::Rollback,
        )
        .await
        .map(|_| ())
    }

    /// Streams the bytes to a version of their own, which no row names yet.
    ///
    /// # Errors
    /// EntityTooLarge; of the stream and of the store.
    pub async fn store(
        &self,
        state: &StorageState,
        stream: impl Stream<Item = Result<Bytes>> + Unpin,
        max_bytes: u64,
    ) -> Result<(Uuid, Stored)> {
        let version = Uuid::new_v4();
        let key = self.row(version, &Declared::default(), None).key();
        let stored = state.backend.write(&key, stream, max_bytes).await?;
        Ok((version, stored))
    }

    /// Writes the row for stored bytes, then deletes the version it replaced; without success, deletes
    /// the new bytes. Runs to its end even if the client goes away.
    ///
    /// # Errors
    /// As [`object::write`].
    pub async fn finish(
        self,
        state: &StorageState,
        declared: Declared,
        (version, stored): (Uuid, Stored),
    ) -> Result<Uuid> {
        let state = state.clone();
        let task = tokio::spawn(async move {
            let object = self.row(version, &declared, Some(&stored));
            commit(&state, &self.identity, self.operation, &object, self.upsert).await
        });
        task.await
            .map_err(|error| StorageError::internal("finishing an upload", &error))?
    }

    /// Deletes stored bytes that will get no row.
    pub async fn give_up(&self, state: &StorageState, version: Uuid) {
        let key = self.row(version, &Declared::default(), None).key();
        state.backend.discard(&key).await;
    }

    fn row(&self, version: Uuid, declared: &Declared, stored: Option<&Stored>) -> NewObject {
        NewObject {
            id: Uuid::new_v4(),
            bucket: self.bucket.clone(),
            name: self.name.as_str().to_owned(),
            owner: self.owner.clone(),
            version: version.to_string(),
            metadata: declared.metadata(stored),
            user_metadata: declared.user_metadata.clone(),
        }
    }
}

/// Writes a row whose bytes are there, and deletes the bytes that no row names after it.
///
/// # Errors
/// As [`object::write`].
pub(super) async fn commit(
    state: &StorageState,
    identity: &Identity,
    operation: &str,
    object: &NewObject,
    upsert: bool,
) -> Result<Uuid> {
    let db = state.database();
    match object::write(&db, identity, operation, object, upsert, End::Commit).await {
        Ok(Written { id, replaced }) => {
            if let Some(replaced) = replaced {
                state.backend.discard(&replaced).await;
            }
            Ok(id)
        }
        Err(error) => {
            // A lost connection may have committed: then the file has a row, and gc decides.
            if !error.is_undecided() {
                state.backend.discard(&object.key()).await;
            }
            Err(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_has_the_members_that_supabase_writes() {
        let declared = Declared {
            media_type: "text/plain".into(),
            cache_control: Some("max-age=60".into()),
            robots_tag: Some("noindex".into()),
            ..Declared::default()
        };
        let stored = Stored {
            size_bytes: 8,
            etag: "\"x\"".into(),
        };
        let mut metadata = declared.metadata(Some(&stored));
        let modified = metadata["lastModified"].take();
        assert!(row::moment(&modified).is_some(), "{modified}");
        assert_eq!(
            metadata,
            json!({"mimetype": "text/plain", "cacheControl": "max-age=60", "size": 8,
                   "contentLength": 8, "eTag": "\"x\"", "lastModified": null,
                   "httpStatusCode": 200, "xRobotsTag": "noindex"})
        );
        let before = Declared {
            length: Some(5),
            ..Declared::default()
        };
        assert_eq!(before.metadata(None)["contentLength"], 5);
        assert_eq!(before.metadata(None)["cacheControl"], NO_CACHE);
    }
}
