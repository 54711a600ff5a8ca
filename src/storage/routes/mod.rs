//! `/storage/v1`: from a path to the function that answers it.
//!
//! In: HTTP requests. Out: bytes, or JSON in storage's shapes. Names of objects hold slashes and may hold
//! anything else, so the path is read as it came: split into words first, each decoded once.
//! Source: <https://supabase.github.io/storage/>.

mod body;
mod bucket;
mod download;
mod list;
mod object;
mod path;
mod request;
mod respond;
mod sign;
mod upload;

use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;

use super::StorageState;
use super::error::{Result, StorageError, codes};
use path::{Access, Target};
use request::Call;

/// Where the service is mounted.
const PREFIX: &str = "/storage/v1";

/// Mounts the service.
pub fn configure(state: StorageState) -> impl FnOnce(&mut web::ServiceConfig) {
    move |services| {
        services.service(
            web::scope(PREFIX)
                .app_data(web::Data::new(state))
                .default_service(web::to(handle)),
        );
    }
}

async fn handle(
    state: web::Data<StorageState>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let path = request.path().strip_prefix(PREFIX).unwrap_or_default();
    let answer = match Target::parse(request.method(), path) {
        Ok(target) => {
            let call = Call::new(&state, &request, payload);
            answer(call, target).await
        }
        Err(error) => Err(error),
    };
    answer.unwrap_or_else(|error| respond::error(&error, request.method() == Method::HEAD))
}

async fn answer(mut call: Call<'_>, target: Target) -> Result<HttpResponse> {
    match target {
        Target::Status => Ok(HttpResponse::Ok().finish()),
        Target::Version => Ok(respond::json(&json!(env!("CARGO_PKG_VERSION")))),
        Target::Health => Ok(respond::json(&json!({"healthy": true}))),
        Target::ListBuckets => bucket::list(&call).await,
        Target::CreateBucket => bucket::create(&mut call).await,
        Target::GetBucket(id) => bucket::get(&call, &id).await,
        Target::UpdateBucket(id) => bucket::update(&mut call, &id).await,
        Target::DeleteBucket(id) => bucket::delete(&call, &id).await,
        Target::EmptyBucket(id) => bucket::empty(&call, &id).await,
        Target::Upload { at, replace } => upload::upload(call, at, replace).await,
        Target::UploadSigned(at) => upload::upload_signed(call, at).await,
        Target::Download(Access::Signed, at) => download::signed(&call, at).await,
        Target::Download(access, at) => download::download(&call, access, at).await,
        Target::Info(access, at) => download::info(&call, access, at).await,
        Target::List(bucket) => list::folder(&mut call, &bucket).await,
        Target::ListV2(bucket) => list::page(&mut call, &bucket).await,
        Target::Move => object::rename(&mut call).await,
        Target::Copy => object::copy(&mut call).await,
        Target::Remove(at) => object::remove_one(&call, at).await,
        Target::RemoveMany(bucket) => object::remove_many(&mut call, &bucket).await,
        Target::Sign(at) => sign::one(&mut call, at).await,
        Target::SignMany(bucket) => sign::many(&mut call, &bucket).await,
        Target::SignUpload(at) => sign::upload(&call, at).await,
        Target::Purge => purge(&call),
    }
}

/// There is no cache in front of us: nothing to do.
fn purge(call: &Call<'_>) -> Result<HttpResponse> {
    if !call.identity()?.is_service() {
        return Err(StorageError::new(
            &codes::ACCESS_DENIED,
            "The service key is needed",
        ));
    }
    Ok(respond::json(&json!({"message": "success"})))
}
