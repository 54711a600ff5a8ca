//! Downloads: the bytes of an object, or what is known of it.
//! Source: <https://supabase.com/docs/reference/javascript/storage-from-download>.

use actix_web::body::SizedStream;
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpResponse, HttpResponseBuilder};
use chrono::Utc;
use futures_util::StreamExt as _;
use futures_util::stream;

use super::path::{Access, At};
use super::request::Call;
use super::respond;
use crate::storage::backend::{ByteStream, Opened};
use crate::storage::bucket;
use crate::storage::error::{Result, StorageError, codes};
use crate::storage::identity::Identity;
use crate::storage::name::normal;
use crate::storage::object::{self, Object};
use crate::storage::serve::{self, Answer, Headers, Visibility};
use crate::storage::signed_url::{Permit, Scope};

/// Somebody who may read the object, to look it up again.
struct Reader {
    identity: Identity,
    operation: &'static str,
    visibility: Visibility,
}

/// `GET` and `HEAD /object/…/{bucket}/{name}`.
pub async fn download(call: &Call<'_>, access: Access, at: At) -> Result<HttpResponse> {
    let reader = reader(call, access, &at).await?;
    serve(call, &reader, &at).await
}

/// `GET` and `HEAD /object/sign/{bucket}/{name}?token=`.
pub async fn signed(call: &Call<'_>, at: At) -> Result<HttpResponse> {
    let permit = Permit::verify(
        &call.query("token").unwrap_or_default(),
        call.state.authenticator().keys(),
        (&at.bucket, &normal(&at.name)),
        Scope::Download,
        Utc::now().timestamp(),
    )?;
    let reader = Reader {
        identity: call.server(),
        operation: "storage.object.get_public",
        visibility: Visibility::Signed {
            expires_at_s: permit.expires_at_s,
        },
    };
    serve(call, &reader, &at).await
}

/// `GET` and `HEAD /object/info/…/{bucket}/{name}`.
pub async fn info(call: &Call<'_>, access: Access, at: At) -> Result<HttpResponse> {
    let mut reader = reader(call, access, &at).await?;
    reader.operation = match (reader.visibility, call.request.method() == Method::HEAD) {
        (Visibility::Public, _) => "storage.object.info_public",
        (_, false) => "object.get_authenticated_info",
        (_, true) => "object.head_authenticated_info",
    };
    let object = find(call, &reader, &at).await?;
    Ok(respond::json(&object.info()))
}

/// Who reads: everybody, when the bucket is public and the path does not ask for more; else the caller.
async fn reader(call: &Call<'_>, access: Access, at: &At) -> Result<Reader> {
    if access == Access::Authenticated {
        return Ok(private(call.identity()?));
    }
    let server = call.server();
    let limits = bucket::limits(&call.state.database(), &server, &at.bucket).await?;
    let limits = limits.ok_or_else(StorageError::no_such_bucket)?;
    if limits.is_public {
        return Ok(Reader {
            identity: server,
            operation: "storage.object.get_public",
            visibility: Visibility::Public,
        });
    }
    match call.identity() {
        Ok(identity) if access == Access::Any => Ok(private(identity)),
        _ => Err(StorageError::no_such_bucket()),
    }
}

fn private(identity: Identity) -> Reader {
    Reader {
        identity,
        operation: "storage.object.get_authenticated",
        visibility: Visibility::Private,
    }
}

async fn find(call: &Call<'_>, reader: &Reader, at: &At) -> Result<Object> {
    let db = call.state.database();
    object::require(
        &db,
        &reader.identity,
        reader.operation,
        &at.bucket,
        &at.name,
    )
    .await
}

/// Answers with the object. A new version may come between the look at the row and the look at the
/// bytes, which takes the old ones away: then the row is looked up once more, as often as there is a newer one.
async fn serve(call: &Call<'_>, reader: &Reader, at: &At) -> Result<HttpResponse> {
    let mut object = find(call, reader, at).await?;
    loop {
        if let Some(response) = attempt(call, reader, &object).await? {
            return Ok(response);
        }
        let again = find(call, reader, at).await?;
        if again.version() == object.version() {
            break;
        }
        object = again;
    }
    tracing::warn!(bucket = at.bucket, "storage: a row without its file");
    Err(StorageError::no_such_key())
}

/// `None`: the bytes of this version are not there.
async fn attempt(
    call: &Call<'_>,
    reader: &Reader,
    object: &Object,
) -> Result<Option<HttpResponse>> {
    let backend = &call.state.backend;
    let is_head = call.request.method() == Method::HEAD;
    let known = if is_head { None } else { object.size() };
    let size = match known {
        Some(size) => size,
        None => match backend.size(&object.key()).await? {
            Some(size) => size,
            None => return Ok(None),
        },
    };
    let answer = serve::answer(object, size, reader.visibility, &call.conditions());
    let (part, headers) = match answer {
        Answer::NotModified { headers } => {
            return Ok(Some(build(StatusCode::NOT_MODIFIED, headers).finish()));
        }
        Answer::Unsatisfiable => return Ok(Some(unsatisfiable(size, is_head))),
        Answer::Bytes { part, headers } => (part, headers),
    };
    let (start, end) = part.unwrap_or((0, size));
    let status = match part {
        Some(_) => StatusCode::PARTIAL_CONTENT,
        None => StatusCode::OK,
    };
    if is_head {
        let nothing: ByteStream = stream::empty().boxed();
        let body = SizedStream::new(end - start, nothing);
        return Ok(Some(build(status, headers).body(body)));
    }
    let Some(opened) = backend.open(&object.key(), part.map(|(s, e)| s..e)).await? else {
        return Ok(None);
    };
    let Opened { size_bytes, stream } = opened;
    // A row that is wrong about the size does not make a whole file unreadable.
    let length = if part.is_some() {
        end - start
    } else {
        size_bytes
    };
    Ok(Some(
        build(status, headers).body(SizedStream::new(length, stream)),
    ))
}

fn unsatisfiable(size: u64, is_head: bool) -> HttpResponse {
    let error = StorageError::new(&codes::INVALID_RANGE, "The range cannot be satisfied");
    let mut response = respond::error(&error, is_head);
    if let Ok(value) = format!("bytes */{size}").parse() {
        response
            .headers_mut()
            .insert(actix_web::http::header::CONTENT_RANGE, value);
    }
    response
}

fn build(status: StatusCode, headers: Headers) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    for header in headers {
        // A value that is no header is left out by the builder's error, so it is checked before.
        if actix_web::http::header::HeaderValue::from_str(&header.1).is_ok() {
            response.insert_header(header);
        }
    }
    response
}
