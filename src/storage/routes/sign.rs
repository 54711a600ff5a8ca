//! Signing URLs: for reading one object or many, and for uploading one.
//! Source: <https://supabase.com/docs/reference/javascript/storage-from-createsignedurl>.

use std::collections::HashSet;

use actix_web::HttpResponse;
use chrono::Utc;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::path::At;
use super::request::Call;
use super::respond;
use crate::storage::bucket;
use crate::storage::error::{Result, StorageError};
use crate::storage::media_type;
use crate::storage::name::{ObjectName, normal};
use crate::storage::object;
use crate::storage::signed_url::{Permit, Scope};
use crate::storage::upload::{Declared, Upload};

/// Most names of one request.
const MAX_NAMES: usize = 1000;
/// Life of a URL for an upload.
const UPLOAD_TTL_S: i64 = 2 * 60 * 60;

#[derive(Debug, Deserialize)]
struct SignBody {
    #[serde(rename = "expiresIn", deserialize_with = "seconds")]
    expires_in_s: i64,
    #[serde(default)]
    paths: Vec<String>,
}

/// A number, or a text that is one: Python's client sends texts.
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let seconds = match Value::deserialize(deserializer)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    seconds
        .filter(|seconds| *seconds >= 1)
        .ok_or_else(|| serde::de::Error::custom("expiresIn must be a number of seconds above 0"))
}

/// `POST /object/sign/{bucket}/{name}`
pub async fn one(call: &mut Call<'_>, at: At) -> Result<HttpResponse> {
    let identity = call.identity()?;
    let body: SignBody = call.json().await?;
    let db = call.state.database();
    object::require(&db, &identity, "storage.object.sign", &at.bucket, &at.name).await?;
    let url = signed(call, &at.bucket, &at.name, body.expires_in_s)?;
    Ok(respond::json(&json!({"signedURL": url})))
}

/// `POST /object/sign/{bucket}`
pub async fn many(call: &mut Call<'_>, bucket: &str) -> Result<HttpResponse> {
    let identity = call.identity()?;
    let body: SignBody = call.json().await?;
    if body.paths.is_empty() || body.paths.len() > MAX_NAMES {
        return Err(StorageError::invalid_request(
            "body/paths must have 1 to 1000 items",
        ));
    }
    let db = call.state.database();
    let operation = "storage.object.sign_many";
    let found = object::find_many(&db, &identity, operation, bucket, &body.paths).await?;
    let found: HashSet<&str> = found.iter().map(object::Object::name).collect();
    let mut answers = Vec::with_capacity(body.paths.len());
    for path in &body.paths {
        answers.push(if found.contains(normal(path).as_str()) {
            let url = signed(call, bucket, path, body.expires_in_s)?;
            json!({"path": path, "signedURL": url, "error": null})
        } else {
            let error = "Either the object does not exist or you do not have access to it";
            json!({"path": path, "signedURL": null, "error": error})
        });
    }
    Ok(respond::json(&Value::Array(answers)))
}

/// The name stands in the URL as it is: clients encode the whole.
fn signed(call: &Call<'_>, bucket: &str, name: &str, expires_in_s: i64) -> Result<String> {
    let now_s = Utc::now().timestamp();
    let name = normal(name);
    let permit = Permit {
        bucket: bucket.to_owned(),
        name: name.clone(),
        scope: Scope::Download,
        expires_at_s: now_s.saturating_add(expires_in_s),
        owner: None,
        upsert: false,
    };
    let token = permit.sign(call.state.authenticator().keys(), now_s)?;
    Ok(format!("/object/sign/{bucket}/{name}?token={token}"))
}

/// `POST /object/upload/sign/{bucket}/{name}`
pub async fn upload(call: &Call<'_>, at: At) -> Result<HttpResponse> {
    let identity = call.identity()?;
    let name = ObjectName::parse(&at.name)?;
    bucket::require(&call.state.database(), &identity, &at.bucket).await?;
    let upload = Upload {
        owner: identity.user_id().map(str::to_owned),
        identity,
        operation: "storage.object.sign_upload_url",
        bucket: at.bucket,
        name,
        upsert: call.flag("x-upsert"),
    };
    let declared = Declared {
        media_type: media_type::DEFAULT.into(),
        ..Declared::default()
    };
    upload.probe(call.state, &declared).await?;
    let now_s = Utc::now().timestamp();
    let permit = Permit {
        bucket: upload.bucket.clone(),
        name: upload.name.as_str().to_owned(),
        scope: Scope::Upload,
        expires_at_s: now_s + UPLOAD_TTL_S,
        owner: upload.owner,
        upsert: upload.upsert,
    };
    let token = permit.sign(call.state.authenticator().keys(), now_s)?;
    let url = format!(
        "/object/upload/sign/{}/{}?token={token}",
        permit.bucket, permit.name
    );
    Ok(respond::json(&json!({"url": url, "token": token})))
}
