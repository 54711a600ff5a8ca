//! The bytes: a folder of this machine, or an S3-compatible store.
//!
//! In: a [`StoreKey`] and a stream, or a key and a range. Out: size and entity tag, or a stream. Nothing
//! is held in memory beyond a few parts of a file. A key is written once and never changed: a new upload
//! is a new version with a key of its own, so readers never see half of a file and a crash leaves at
//! most a file that no row names.
//! Source: <https://docs.rs/object_store>.

mod file;

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::stream::{BoxStream, StreamExt as _};
use md5::{Digest as _, Md5};
use object_store::aws::AmazonS3Builder;
use object_store::buffered::BufWriter;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{GetOptions, GetResultPayload, ObjectStore, ObjectStoreExt as _};
use tokio::io::AsyncWriteExt as _;

use super::error::{Result, StorageError};
use super::name::StoreKey;
use crate::config::{S3Config, StorageConfig};

/// Files below this size are written with one request; larger ones in parts of it.
const PART_BYTES: usize = 5 * 1024 * 1024;
/// Parts of one upload that are under way at a time.
const MAX_PARTS_UNDER_WAY: usize = 2;
/// Longest key of S3.
const MAX_S3_KEY_BYTES: usize = 1024;

/// A stream of a file's bytes.
pub type ByteStream = BoxStream<'static, std::io::Result<Bytes>>;

/// Where the bytes are.
#[derive(Debug, Clone)]
pub struct Backend {
    store: Arc<dyn ObjectStore>,
    prefix: String,
    /// The folder, unless it is S3.
    folder: Option<PathBuf>,
}

/// The backend cannot be used as configured.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    #[error("option storage-dir: {path}: {source}")]
    Folder {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("option {option}: {source}")]
    Store {
        option: &'static str,
        source: object_store::Error,
    },
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub size_bytes: u64,
    /// With its quotes.
    pub etag: String,
}

/// A file that is being read.
pub struct Opened {
    /// Of the whole file.
    pub size_bytes: u64,
    pub stream: ByteStream,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened")
            .field("size_bytes", &self.size_bytes)
            .finish_non_exhaustive()
    }
}

/// A file of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The key, without the configured prefix.
    pub key: String,
    pub modified: DateTime<Utc>,
    pub size_bytes: u64,
}

impl Backend {
    /// From the configuration; `None` when neither a folder nor S3 is configured. A missing folder is
    /// made.
    ///
    /// # Errors
    /// A folder that cannot be made, options of S3 that do not fit together.
    pub fn new(config: &StorageConfig) -> Result<Option<Self>, BackendError> {
        let (store, folder): (Arc<dyn ObjectStore>, _) = match (&config.s3.bucket, &config.dir) {
            (Some(bucket), _) => (Arc::new(s3(&config.s3, bucket)?), None),
            (None, Some(dir)) => {
                let dir = file::prepare(dir)?;
                let store = LocalFileSystem::new_with_prefix(&dir)
                    .map_err(|source| BackendError::Store {
                        option: "storage-dir",
                        source,
                    })?
                    .with_fsync(true)
                    .with_automatic_cleanup(true);
                (Arc::new(store), Some(dir))
            }
            (None, None) => return Ok(None),
        };
        Ok(Some(Self {
            store,
            prefix: config.key_prefix.clone(),
            folder,
        }))
    }

    /// Streams a file to its key. At an error nothing stays behind.
    ///
    /// # Errors
    /// The stream's own; EntityTooLarge beyond `max_bytes`; of the store.
    pub async fn write(
        &self,
        key: &StoreKey,
        mut stream: impl futures_util::Stream<Item = Result<Bytes>> + Unpin,
        max_bytes: u64,
    ) -> Result<Stored> {
        let path = self.path(key)?;
        let mut writer = BufWriter::with_capacity(self.store.clone(), path, PART_BYTES)
            .with_max_concurrency(MAX_PARTS_UNDER_WAY);
        let mut digest = Md5::new();
        let mut size_bytes: u64 = 0;
        let failed = loop {
            let chunk = match stream.next().await {
                Some(Ok(chunk)) => chunk,
                Some(Err(error)) => break error,
                None => match writer.shutdown().await {
                    Ok(()) => {
                        let hex: String = digest
                            .finalize()
                            .iter()
                            .map(|b| format!("{b:02x}"))
                            .collect();
                        let etag = format!("\"{hex}\"");
                        return Ok(Stored { size_bytes, etag });
                    }
                    Err(error) => break StorageError::internal("finishing a file", &error),
                },
            };
            size_bytes += chunk.len() as u64;
            if size_bytes > max_bytes {
                break StorageError::too_large(max_bytes);
            }
            digest.update(&chunk);
            if let Err(error) = writer.put(chunk).await {
                break StorageError::internal("writing a file", &error);
            }
        };
        // Nothing to abort yet is an error too, and of no interest.
        if let Err(error) = writer.abort().await {
            tracing::debug!(%error, "storage: giving up a file");
        }
        Err(failed)
    }

    /// Opens a file; `None`: there is none.
    ///
    /// # Errors
    /// Of the store.
    pub async fn open(&self, key: &StoreKey, range: Option<Range<u64>>) -> Result<Option<Opened>> {
        let options = GetOptions {
            range: range.map(Into::into),
            ..GetOptions::default()
        };
        let result = match self.store.get_opts(&self.path(key)?, options).await {
            Ok(result) => result,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(StorageError::internal("opening a file", &error)),
        };
        let size_bytes = result.meta.size;
        let stream = match result.payload {
            GetResultPayload::File(file, _) => file::stream(file, result.range),
            GetResultPayload::Stream(stream) => stream
                .map(|chunk| chunk.map_err(std::io::Error::other))
                .boxed(),
        };
        Ok(Some(Opened { size_bytes, stream }))
    }

    /// Size of a file; `None`: there is none.
    ///
    /// # Errors
    /// Of the store.
    pub async fn size(&self, key: &StoreKey) -> Result<Option<u64>> {
        match self.store.head(&self.path(key)?).await {
            Ok(meta) => Ok(Some(meta.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(StorageError::internal("looking at a file", &error)),
        }
    }

    /// Copies a file. In a folder the bytes are shared, which is safe since they never change.
    ///
    /// # Errors
    /// NoSuchKey when there is none; of the store.
    pub async fn copy(&self, from: &StoreKey, to: &StoreKey) -> Result<()> {
        let copied = self.store.copy(&self.path(from)?, &self.path(to)?).await;
        copied.map_err(|error| match error {
            object_store::Error::NotFound { .. } => StorageError::no_such_key(),
            error => StorageError::internal("copying a file", &error),
        })
    }

    /// Deletes a file that no row names any more. A failure is logged: `oppbase storage gc` finds what
    /// stays behind.
    pub async fn discard(&self, key: &StoreKey) {
        let Ok(path) = self.path(key) else { return };
        match self.store.delete(&path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => tracing::warn!(%error, "storage: a file stays behind without its row"),
        }
    }

    /// Deletes a listed file.
    ///
    /// # Errors
    /// Of the store.
    pub async fn remove_listed(&self, listed: &Listed) -> Result<()> {
        let path = Path::parse(self.prefixed(&listed.key))
            .map_err(|error| StorageError::internal("the key of a file", &error))?;
        self.store
            .delete(&path)
            .await
            .map_err(|error| StorageError::internal("deleting a file", &error))
    }

    /// All files, in no order.
    pub fn list(&self) -> BoxStream<'static, Result<Listed>> {
        let prefix = Path::parse(&self.prefix).ok();
        let cut = self.prefix.clone();
        self.store
            .list(prefix.as_ref())
            .map(move |meta| {
                let meta =
                    meta.map_err(|error| StorageError::internal("listing the files", &error))?;
                let key = meta.location.as_ref();
                let key = key
                    .strip_prefix(&cut)
                    .unwrap_or(key)
                    .trim_start_matches('/');
                Ok(Listed {
                    key: key.to_owned(),
                    modified: meta.last_modified,
                    size_bytes: meta.size,
                })
            })
            .boxed()
    }

    /// Half-written files of a folder that a crash left behind, older than a moment. S3 has its own
    /// rule for these (`AbortIncompleteMultipartUpload`).
    ///
    /// # Errors
    /// Of the file system.
    pub async fn half_written(&self, before: DateTime<Utc>) -> std::io::Result<Vec<PathBuf>> {
        match self.folder.clone() {
            Some(folder) => file::half_written(folder, before).await,
            None => Ok(Vec::new()),
        }
    }

    fn path(&self, key: &StoreKey) -> Result<Path> {
        let full = self.prefixed(key.as_str());
        if self.folder.is_none() && full.len() > MAX_S3_KEY_BYTES {
            return Err(StorageError::invalid_key(
                "Invalid key: the name is too long",
            ));
        }
        Path::parse(full).map_err(|error| {
            tracing::debug!(%error, "storage: a key without a path");
            StorageError::invalid_key("Invalid key")
        })
    }

    fn prefixed(&self, key: &str) -> String {
        match self.prefix.as_str() {
            "" => key.to_owned(),
            prefix => format!("{prefix}/{key}"),
        }
    }
}

fn s3(config: &S3Config, bucket: &str) -> Result<object_store::aws::AmazonS3, BackendError> {
    let mut builder = AmazonS3Builder::from_env().with_bucket_name(bucket);
    if let Some(endpoint) = &config.endpoint {
        builder = builder
            .with_endpoint(endpoint)
            .with_allow_http(endpoint.starts_with("http://"));
    }
    if let Some(region) = &config.region {
        builder = builder.with_region(region);
    }
    if let Some(id) = &config.access_key_id {
        builder = builder.with_access_key_id(id);
    }
    if let Some(secret) = &config.secret_access_key {
        builder = builder.with_secret_access_key(secret);
    }
    builder.build().map_err(|source| BackendError::Store {
        option: "storage-s3-bucket",
        source,
    })
}

#[cfg(test)]
mod tests;
