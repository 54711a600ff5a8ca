//! What the folder backend does with the file system itself: making the folder, streaming an open
//! file, finding half-written ones.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::stream::{self, StreamExt as _};

use super::{BackendError, ByteStream};

/// Bytes read at a time.
const CHUNK_BYTES: u64 = 128 * 1024;

/// Makes the folder, readable by nobody else, and returns its real path.
pub(super) fn prepare(dir: &Path) -> Result<PathBuf, BackendError> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .and_then(|()| dir.canonicalize())
        .map_err(|source| BackendError::Folder {
            path: dir.to_owned(),
            source,
        })
}

/// The bytes of a range. Reading blocks, so it is done off the runtime's threads.
pub(super) fn stream(file: File, range: Range<u64>) -> ByteStream {
    stream::try_unfold(
        (file, range, true),
        |(mut file, range, is_first)| async move {
            if range.start >= range.end {
                return Ok(None);
            }
            let read = tokio::task::spawn_blocking(move || {
                if is_first {
                    file.seek(SeekFrom::Start(range.start))?;
                }
                let wanted = (range.end - range.start).min(CHUNK_BYTES);
                let mut chunk = Vec::with_capacity(usize::try_from(wanted).unwrap_or_default());
                let count = (&mut file).take(wanted).read_to_end(&mut chunk)?;
                if count == 0 {
                    return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof));
                }
                Ok((file, range.start + count as u64..range.end, chunk))
            });
            let (file, range, chunk) = read.await.map_err(std::io::Error::other)??;
            Ok(Some((Bytes::from(chunk), (file, range, false))))
        },
    )
    .boxed()
}

/// Files that the store writes before it gives them their name (`…#1`) and that are older than a moment.
pub(super) async fn half_written(
    folder: PathBuf,
    before: DateTime<Utc>,
) -> std::io::Result<Vec<PathBuf>> {
    tokio::task::spawn_blocking(move || {
        let mut found = Vec::new();
        let mut folders = vec![folder];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder)? {
                let entry = entry?;
                let kind = entry.file_type()?;
                if kind.is_dir() {
                    folders.push(entry.path());
                } else if kind.is_file() && is_half_written(&entry.file_name().to_string_lossy()) {
                    let modified: DateTime<Utc> = entry.metadata()?.modified()?.into();
                    if modified < before {
                        found.push(entry.path());
                    }
                }
            }
        }
        Ok(found)
    })
    .await
    .map_err(std::io::Error::other)?
}

fn is_half_written(name: &str) -> bool {
    name.rsplit_once('#')
        .is_some_and(|(_, n)| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}
