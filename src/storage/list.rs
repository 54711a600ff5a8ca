//! Lists of one folder's content, and the newer form of lists.
//!
//! In: a folder, a part of it, an order. Out: files as rows, folders as rows without anything but a name
//! (first form), or both apart (second form). Policies decide what is visible; a folder is visible when
//! something in it is.
//! Source: <https://supabase.com/docs/reference/javascript/storage-from-list>.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tokio_postgres::types::Type;

use super::error::{Result, StorageError, codes};
use super::identity::Identity;
use super::name::normal;
use super::row;
use super::transaction::{Database, Step};

/// Rows of a list unless asked otherwise.
pub const DEFAULT_LIMIT: i64 = 100;
/// Most rows of a list.
pub const MAX_LIMIT: i64 = 1500;

const OPERATION: &str = "storage.object.list";

/// What a list is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SortColumn {
    #[default]
    Name,
    UpdatedAt,
    CreatedAt,
    LastAccessedAt,
}

impl SortColumn {
    /// From the request's word.
    ///
    /// # Errors
    /// InvalidRequest.
    pub fn parse(word: &str) -> Result<Self> {
        match word {
            "name" => Ok(Self::Name),
            "updated_at" => Ok(Self::UpdatedAt),
            "created_at" => Ok(Self::CreatedAt),
            "last_accessed_at" => Ok(Self::LastAccessedAt),
            _ => Err(StorageError::invalid_request(
                "sortBy.column must be name, updated_at, created_at or last_accessed_at",
            )),
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::UpdatedAt => "updated_at",
            Self::CreatedAt => "created_at",
            Self::LastAccessedAt => "last_accessed_at",
        }
    }
}

/// Which part of which folder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListOptions {
    /// Folder with or without its last slash (first form), or any beginning of names (second form).
    pub prefix: String,
    /// Beginning of names within the folder, in any case.
    pub search: String,
    pub limit: i64,
    pub offset: i64,
    pub sort: SortColumn,
    pub descending: bool,
}

/// One level of a folder.
///
/// # Errors
/// Of the database.
pub async fn folder(
    db: &Database,
    caller: &Identity,
    bucket: &str,
    options: &ListOptions,
) -> Result<Vec<Value>> {
    let mut folder = normal(&options.prefix);
    if !folder.is_empty() && !folder.ends_with('/') {
        folder.push('/');
    }
    let rows = entries(db, caller, bucket, &folder, options, true).await?;
    rows.iter()
        .map(|row| {
            let name: &str = row::get(row, "entry")?;
            let object: Option<Value> = row::get(row, "object")?;
            Ok(match object {
                Some(object) => with_times(name, &object),
                None => json!({
                    "name": name, "id": null, "updated_at": null, "created_at": null,
                    "last_accessed_at": null, "metadata": null,
                }),
            })
        })
        .collect()
}

/// The newer form: `{hasNext, nextCursor, folders, objects}`. Without a delimiter every object below the
/// prefix, whole names; with one, a level.
///
/// # Errors
/// InvalidParameter for a cursor of somebody else; of the database.
pub async fn page(
    db: &Database,
    caller: &Identity,
    bucket: &str,
    options: &ListOptions,
    cursor: Option<&str>,
    with_delimiter: bool,
) -> Result<Value> {
    let offset = cursor.map_or(Ok(0), read_cursor)?;
    let prefix = normal(&options.prefix);
    let asked = ListOptions {
        limit: options.limit + 1,
        offset,
        ..options.clone()
    };
    let mut rows = entries(db, caller, bucket, &prefix, &asked, with_delimiter).await?;
    let limit = usize::try_from(options.limit).unwrap_or_default();
    let has_next = rows.len() > limit;
    rows.truncate(limit);
    let (mut folders, mut objects) = (Vec::new(), Vec::new());
    for row in &rows {
        let entry: &str = row::get(row, "entry")?;
        let object: Option<Value> = row::get(row, "object")?;
        let key = format!("{prefix}{entry}");
        match object {
            Some(object) => {
                let mut object = with_times(&key, &object);
                object["key"] = json!(key);
                objects.push(object);
            }
            None => folders.push(json!({"name": format!("{key}/"), "key": format!("{key}/")})),
        }
    }
    let mut page = json!({"hasNext": has_next, "folders": folders, "objects": objects});
    if has_next {
        page["nextCursor"] = json!(write_cursor(offset + options.limit));
    }
    Ok(page)
}

async fn entries(
    db: &Database,
    caller: &Identity,
    bucket: &str,
    prefix: &str,
    options: &ListOptions,
    by_folder: bool,
) -> Result<Vec<tokio_postgres::Row>> {
    if [bucket, prefix, &options.search]
        .iter()
        .any(|s| s.contains('\0'))
    {
        return Ok(Vec::new());
    }
    let step = Step::new(include_str!("sql/object_list.sql"))
        .text(Some(bucket))
        .text(Some(prefix))
        .text(Some(&format!("{}%", escape_like(prefix))))
        .text(Some(&format!(
            "{}%",
            escape_like(&options.search.to_lowercase())
        )))
        .bind(by_folder, Type::BOOL)
        .text(Some(options.sort.as_str()))
        .bind(options.descending, Type::BOOL)
        .bind(options.limit, Type::INT8)
        .bind(options.offset, Type::INT8);
    db.run(caller, OPERATION, step).await
}

fn with_times(name: &str, object: &Value) -> Value {
    let member = |name: &str| object.get(name).cloned().unwrap_or(Value::Null);
    json!({
        "name": name,
        "id": member("id"),
        "updated_at": row::time(&member("updated_at")),
        "created_at": row::time(&member("created_at")),
        "last_accessed_at": row::time(&member("last_accessed_at")),
        "metadata": member("metadata"),
    })
}

/// `%`, `_` and `\` as themselves.
fn escape_like(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn write_cursor(offset: i64) -> String {
    URL_SAFE_NO_PAD.encode(format!("o:{offset}"))
}

fn read_cursor(cursor: &str) -> Result<i64> {
    let bad = || StorageError::new(&codes::INVALID_PARAMETER, "The cursor is not valid");
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| bad())?;
    let text = String::from_utf8(bytes).map_err(|_| bad())?;
    let offset = text.strip_prefix("o:").and_then(|n| n.parse().ok());
    offset.filter(|offset| *offset >= 0).ok_or_else(bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_are_letters() {
        assert_eq!(escape_like(r"50%_\a"), r"50\%\_\\a");
    }

    #[test]
    fn cursors_come_back_and_others_are_refused() {
        assert_eq!(read_cursor(&write_cursor(1000)), Ok(1000));
        for bad in ["", "x", "bzotMQ", "###"] {
            assert!(read_cursor(bad).is_err(), "{bad}");
        }
    }
}
