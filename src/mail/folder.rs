//! Mails in a folder, for development: written by the mailer, read by the page at `/mail`.
//!
//! Two files per mail: `<id>.eml` (RFC 5322, for mail programs) and `<id>.json` (for the page and for
//! scripts). Ids sort by time: `20261104T101500.123-9f3a61c2`.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Mail, MailFault};

/// The page shows this many, the newest first.
pub const MAX_LISTED: usize = 200;

/// A mail in the folder, as in `<id>.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    pub id: String,
    pub at: DateTime<Utc>,
    /// Name of the template.
    pub kind: String,
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    /// Empty when the mail has none.
    pub link: String,
    pub code: String,
}

/// Writes a mail; `eml` is its message.
pub(super) async fn write(folder: &Path, mail: &Mail, eml: &[u8]) -> Result<(), MailFault> {
    let at = Utc::now();
    let id = format!(
        "{}-{:08x}",
        at.format("%Y%m%dT%H%M%S%.3f"),
        rand::random::<u32>()
    );
    let stored = Stored {
        at,
        kind: mail.kind.name().to_owned(),
        to: mail.to.clone(),
        subject: mail.subject.clone(),
        text: mail.text.clone(),
        html: mail.html.clone(),
        link: mail.link.clone(),
        code: mail.code.clone(),
        id,
    };
    let written = async {
        let json = serde_json::to_vec_pretty(&stored)?;
        let path = |extension: &str| folder.join(format!("{}.{extension}", stored.id));
        tokio::fs::write(path("eml"), eml).await?;
        // Whole or not at all: readers look for this name.
        tokio::fs::write(path("new"), json).await?;
        tokio::fs::rename(path("new"), path("json")).await
    };
    tracing::info!(
        kind = stored.kind,
        link = stored.link,
        "mail: written to the folder"
    );
    written.await.map_err(|error| MailFault::Folder {
        path: folder.display().to_string(),
        reason: error.to_string(),
    })
}

/// The mails of a folder, newest first; what is no mail is passed over.
///
/// # Errors
/// The folder cannot be read.
pub fn list(folder: &Path) -> std::io::Result<Vec<Stored>> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "json"))
        .collect();
    paths.sort_unstable_by(|a, b| b.cmp(a));
    paths.truncate(MAX_LISTED);
    Ok(paths.iter().filter_map(|path| read_file(path)).collect())
}

/// One mail; `None` for an unknown or malformed id.
pub fn read(folder: &Path, id: &str) -> Option<Stored> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    let is_id = id.starts_with(|c: char| c.is_ascii_digit()) && id.chars().all(is_plain);
    read_file(&folder.join(format!("{}.json", is_id.then_some(id)?)))
}

fn read_file(path: &Path) -> Option<Stored> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::MailKind;

    #[tokio::test]
    async fn what_is_written_is_listed_and_read() {
        let dir = tempfile::tempdir().unwrap();
        let mut mail = Mail {
            kind: MailKind::Invite,
            to: "a@example.com".into(),
            subject: "first".into(),
            text: "t".into(),
            html: "h".into(),
            link: "http://x/".into(),
            code: "123456".into(),
        };
        write(dir.path(), &mail, b"eml").await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(3)).await;
        mail.subject = "second".into();
        write(dir.path(), &mail, b"eml").await.unwrap();
        std::fs::write(dir.path().join("0.json"), "{").unwrap();
        let listed = list(dir.path()).unwrap();
        let subjects: Vec<_> = listed.iter().map(|m| m.subject.as_str()).collect();
        assert_eq!(subjects, ["second", "first"]);
        assert_eq!(read(dir.path(), &listed[1].id).as_ref(), Some(&listed[1]));
        for id in ["", "../x", "/etc/passwd", "..", "x", "0/../1"] {
            assert_eq!(read(dir.path(), id), None, "{id}");
        }
    }
}
