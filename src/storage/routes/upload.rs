//! Uploads: raw or as a form, by the caller or by the bearer of a signed URL.
//! Source: <https://supabase.com/docs/reference/javascript/storage-from-upload>.

use actix_web::HttpResponse;
use chrono::Utc;
use serde_json::json;
use uuid::Uuid;

use super::body::{self, Shared};
use super::path::At;
use super::request::Call;
use super::respond;
use crate::storage::bucket::{self, Limits};
use crate::storage::error::{Result, StorageError};
use crate::storage::name::ObjectName;
use crate::storage::signed_url::{Permit, Scope};
use crate::storage::upload::Upload;

/// `POST` and `PUT /object/{bucket}/{name}`; `replace`: an object that is there is replaced.
pub async fn upload(mut call: Call<'_>, at: At, replace: bool) -> Result<HttpResponse> {
    let shared = shared(&mut call)?;
    let upsert = replace || call.flag("x-upsert");
    let received = async {
        let identity = call.identity()?;
        let upload = Upload {
            owner: identity.user_id().map(str::to_owned),
            identity,
            operation: match replace {
                true => "storage.object.upload_update",
                false => "storage.object.upload",
            },
            name: ObjectName::parse(&at.name)?,
            bucket: at.bucket.clone(),
            upsert,
        };
        receive(&call, &shared, upload).await
    };
    let (id, key) = or_drain(received, &shared).await?;
    Ok(respond::json(&json!({"Id": id, "Key": key})))
}

/// `PUT /object/upload/sign/{bucket}/{name}?token=`: the permission was given when the URL was signed.
pub async fn upload_signed(mut call: Call<'_>, at: At) -> Result<HttpResponse> {
    let shared = shared(&mut call)?;
    let received = async {
        let name = ObjectName::parse(&at.name)?;
        let permit = Permit::verify(
            &call.query("token").unwrap_or_default(),
            call.state.authenticator().keys(),
            (&at.bucket, name.as_str()),
            Scope::Upload,
            Utc::now().timestamp(),
        )?;
        let upload = Upload {
            identity: call.server(),
            operation: "storage.object.upload_signed",
            bucket: at.bucket.clone(),
            name,
            owner: permit.owner,
            upsert: permit.upsert,
        };
        receive(&call, &shared, upload).await
    };
    let (_, key) = or_drain(received, &shared).await?;
    Ok(respond::json(&json!({"Key": key})))
}

fn shared(call: &mut Call<'_>) -> Result<Shared> {
    let payload = call.payload();
    let payload = payload.ok_or_else(|| StorageError::internal("an upload", &"it was read"))?;
    Ok(Shared::new(payload))
}

async fn or_drain<T>(work: impl Future<Output = Result<T>>, shared: &Shared) -> Result<T> {
    let result = work.await;
    if result.is_err() {
        shared.clone().drain().await;
    }
    result
}

/// Takes the body in. Returns id and key of the object.
async fn receive(call: &Call<'_>, shared: &Shared, upload: Upload) -> Result<(Uuid, String)> {
    let limits = bucket::require(&call.state.database(), &upload.identity, &upload.bucket).await?;
    let key = format!("{}/{}", upload.bucket, upload.name.as_str());
    let id = match body::is_form(call) {
        true => receive_form(call, shared, upload, &limits).await?,
        false => receive_raw(call, shared, upload, &limits).await?,
    };
    Ok((id, key))
}

async fn receive_raw(
    call: &Call<'_>,
    shared: &Shared,
    upload: Upload,
    limits: &Limits,
) -> Result<Uuid> {
    let declared = body::raw(call)?;
    let max_bytes = upload.permit(call.state, limits, &declared).await?;
    let stored = upload.store(call.state, shared.bytes(), max_bytes).await?;
    upload.finish(call.state, declared, stored).await
}

async fn receive_form(
    call: &Call<'_>,
    shared: &Shared,
    upload: Upload,
    limits: &Limits,
) -> Result<Uuid> {
    let mut form = shared.form(call.request.headers());
    let file = form.next_file().await?;
    let file = file.ok_or_else(|| StorageError::invalid_request("The form has no file"))?;
    let mut declared = form.declared(&file, call)?;
    let max_bytes = upload.permit(call.state, limits, &declared).await?;
    let bytes = body::field_bytes(file);
    let stored = upload.store(call.state, bytes, max_bytes).await?;
    if let Err(error) = form.finish(&mut declared).await {
        upload.give_up(call.state, stored.0).await;
        return Err(error);
    }
    upload.finish(call.state, declared, stored).await
}
