//! Moving, copying and removing objects.
//! Source: <https://supabase.com/docs/reference/javascript/storage-from-move>.

use actix_web::HttpResponse;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::body;
use super::path::At;
use super::request::Call;
use super::respond;
use crate::storage::error::{Result, StorageError};
use crate::storage::media_type;
use crate::storage::name::ObjectName;
use crate::storage::object::Object;
use crate::storage::transfer::{self, CopyOptions, Route};

/// Most names of one request.
const MAX_NAMES: usize = 1000;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TransferBody {
    bucket_id: String,
    source_key: String,
    destination_key: String,
    destination_bucket: Option<String>,
    copy_metadata: Option<bool>,
    metadata: Option<FileMetadata>,
}

/// What a copy may change of the file's metadata.
#[derive(Debug, Default, Deserialize)]
struct FileMetadata {
    #[serde(rename = "cacheControl")]
    cache_control: Option<String>,
    mimetype: Option<String>,
}

impl TransferBody {
    fn route(&self) -> Result<Route> {
        Ok(Route {
            bucket: self.bucket_id.clone(),
            name: self.source_key.clone(),
            to_bucket: self
                .destination_bucket
                .clone()
                .filter(|bucket| !bucket.is_empty())
                .unwrap_or_else(|| self.bucket_id.clone()),
            to_name: ObjectName::parse(&self.destination_key)?,
        })
    }
}

pub async fn rename(call: &mut Call<'_>) -> Result<HttpResponse> {
    let identity = call.identity()?;
    let body: TransferBody = call.json().await?;
    let route = body.route()?;
    let key = format!("{}/{}", route.to_bucket, route.to_name.as_str());
    let id = transfer::rename(call.state, &identity, route).await?;
    Ok(respond::json(
        &json!({"message": "Successfully moved", "Id": id, "Key": key}),
    ))
}

pub async fn copy(call: &mut Call<'_>) -> Result<HttpResponse> {
    let identity = call.identity()?;
    let body: TransferBody = call.json().await?;
    let route = body.route()?;
    let key = format!("{}/{}", route.to_bucket, route.to_name.as_str());
    let keeps_metadata = body.copy_metadata.unwrap_or(true);
    let given = body::header_metadata(call);
    let options = CopyOptions {
        upsert: call.flag("x-upsert"),
        metadata: body.metadata.as_ref().map(changes).transpose()?,
        // Without the source's metadata the copy has what the header gives, or nothing.
        user_metadata: match keeps_metadata {
            true => None,
            false => Some(given.unwrap_or(Value::Null)),
        },
    };
    let copied = transfer::copy(call.state, &identity, route, options).await?;
    let mut answer = copied.shown();
    answer.insert(
        "Id".into(),
        answer.get("id").cloned().unwrap_or(Value::Null),
    );
    answer.insert("Key".into(), json!(key));
    Ok(respond::json(&Value::Object(answer)))
}

fn changes(given: &FileMetadata) -> Result<Map<String, Value>> {
    let mut changes = Map::new();
    if let Some(mimetype) = &given.mimetype {
        changes.insert("mimetype".into(), json!(media_type::parse(mimetype)?));
    }
    if let Some(cache_control) = &given.cache_control {
        changes.insert("cacheControl".into(), json!(cache_control));
    }
    Ok(changes)
}

pub async fn remove_one(call: &Call<'_>, at: At) -> Result<HttpResponse> {
    const OPERATION: &str = "storage.object.delete";
    let identity = call.identity()?;
    let names = vec![at.name];
    let removed = transfer::remove(call.state, &identity, OPERATION, &at.bucket, names).await?;
    if removed.is_empty() {
        return Err(StorageError::no_such_key());
    }
    Ok(respond::json(&json!({"message": "Successfully deleted"})))
}

#[derive(Debug, Deserialize)]
struct RemoveBody {
    prefixes: Vec<String>,
}

pub async fn remove_many(call: &mut Call<'_>, bucket: &str) -> Result<HttpResponse> {
    const OPERATION: &str = "storage.object.delete_many";
    let identity = call.identity()?;
    let RemoveBody { prefixes } = call.json().await?;
    if prefixes.is_empty() || prefixes.len() > MAX_NAMES {
        return Err(StorageError::invalid_request(
            "body/prefixes must have 1 to 1000 items",
        ));
    }
    let removed = transfer::remove(call.state, &identity, OPERATION, bucket, prefixes).await?;
    let rows = removed
        .iter()
        .map(Object::shown)
        .map(Value::Object)
        .collect();
    Ok(respond::json(&Value::Array(rows)))
}
