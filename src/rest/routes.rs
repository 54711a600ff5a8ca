//! The border between actix and the REST pipeline: requests and answers are converted here and
//! nowhere else.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use actix_web::body;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode, header};
use actix_web::{HttpMessage, HttpRequest as ActixRequest, HttpResponse as ActixResponse, web};
use bytes::Bytes;
use percent_encoding::percent_decode_str;

use crate::auth::AuthResult;
use crate::config::Profile;
use crate::error::{Error, body as error_body, codes};
use crate::pg::session::SessionPool;
use crate::rest::api_request::{HttpRequest, profile_header};
use crate::rest::disconnect::ClientSocket;
use crate::rest::legacy;
use crate::rest::response::HttpResponse;
use crate::rest::{self, Identity};
use crate::state::AppState;

/// Where the engine is mounted; stripped from the path.
#[derive(Debug, Clone, Copy)]
pub struct MountPoint(pub &'static str);

/// The database role of a request, kept with it for the access log.
#[derive(Debug, Clone)]
pub struct RequestRole(pub String);

/// Handles every request under the mount point.
pub async fn handle(
    state: web::Data<AppState>,
    mount: web::Data<MountPoint>,
    request: ActixRequest,
    payload: web::Payload,
) -> ActixResponse {
    let path = request.path();
    let path = path.strip_prefix(mount.0).unwrap_or(path);
    let path = if path.is_empty() {
        "/".to_owned()
    } else {
        path.to_owned()
    };
    let answer = run(&state, &request, payload, path, |_| Ok(())).await;
    to_actix(answer, &request)
}

/// Handles a request whose path is already the engine's (typed collections at the root).
pub async fn handle_at_root(
    state: web::Data<AppState>,
    request: ActixRequest,
    payload: web::Payload,
) -> ActixResponse {
    let path = request.path().to_owned();
    to_actix(
        run(&state, &request, payload, path, |_| Ok(())).await,
        &request,
    )
}

/// Runs the pipeline for `path`, which may differ from the request's own (typed endpoints).
///
/// `adapt` may change the request before it is parsed (defaults of a typed endpoint) or refuse it.
pub async fn run(
    state: &web::Data<AppState>,
    request: &ActixRequest,
    payload: web::Payload,
    path: String,
    adapt: impl FnOnce(&mut HttpRequest) -> Result<(), Error>,
) -> HttpResponse {
    let config = state.config();
    let respond_error = |error: &Error| error_body::postgrest(error, config.rest.error_verbosity);
    let old_name = old_name(request);
    if let Some(used) = &old_name {
        let retirement = state.legacy.retirement();
        if retirement.is_over(now_s()) {
            return respond_error(&retirement.gone(used));
        }
    }
    // Before the body is read: nobody without a valid key makes the server buffer one.
    let identity = match identify(state, request) {
        Ok(identity) => identity,
        Err(error) => return respond_error(&error),
    };
    if let Some(used) = old_name {
        let consumer = consumer(request, Some(&identity.auth));
        request.extensions_mut().insert(OldName { used, consumer });
    }
    let http = read_body(payload, config.server.max_body_bytes)
        .await
        .and_then(|body| {
            let mut http = to_http_request(request, path, body)?;
            adapt(&mut http)?;
            Ok(http)
        });
    let http = match http {
        Ok(http) => http,
        Err(error) => return respond_error(&error),
    };
    let Some(pool) = request.app_data::<web::Data<SessionPool>>() else {
        let message = "This worker has no database pool";
        return respond_error(&Error::new(&codes::PGRST001, message));
    };
    let gone = async {
        match request.conn_data::<ClientSocket>() {
            Some(socket) => socket.clone().closed().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        answer = rest::respond(state, pool, http, identity) => answer,
        // Dropping the pipeline cancels its query. Nobody reads this answer.
        () = gone => HttpResponse { status: CLIENT_CLOSED_REQUEST, ..HttpResponse::default() },
    }
}

/// nginx's status for a request whose client did not wait; only the access log shows it.
const CLIENT_CLOSED_REQUEST: u16 = 499;

/// The old name that a request uses; `None` as well where old names are no other face of the new.
fn old_name(request: &ActixRequest) -> Option<legacy::Use> {
    let state = request.app_data::<web::Data<AppState>>()?;
    let path = request.path();
    let path = match request.app_data::<web::Data<MountPoint>>() {
        Some(mount) => path.strip_prefix(mount.0).unwrap_or(path),
        None => path,
    };
    let profile = header_text(request, profile_header(request.method().as_str()));
    let schemas = &state.config().rest.schemas;
    let schema = profile.as_ref().or(schemas.first())?;
    state.legacy.find(schema, path, request.query_string())
}

/// An old name in a request, and who uses it; kept with the request until it is answered.
#[derive(Debug)]
struct OldName {
    used: legacy::Use,
    consumer: String,
}

/// What is kept of a request under an old name, or found out for one that was answered before it was kept.
fn kept_old_name(state: &AppState, request: &ActixRequest) -> Option<OldName> {
    if let Some(kept) = request.extensions_mut().remove::<OldName>() {
        return Some(kept);
    }
    let used = old_name(request)?;
    let authorization = header_text(request, "authorization");
    let apikey = header_text(request, "apikey");
    let auth =
        state
            .authenticator()
            .authenticate(authorization.as_deref(), apikey.as_deref(), now_s());
    let consumer = consumer(request, auth.as_ref().ok());
    Some(OldName { used, consumer })
}

fn consumer(request: &ActixRequest, auth: Option<&AuthResult>) -> String {
    let authorization = header_text(request, "authorization");
    let apikey = header_text(request, "apikey");
    legacy::usage::consumer(auth, authorization.as_deref(), apikey.as_deref())
}

/// Adds the headers of an old name to an answer under it, and counts the call.
fn retire(answer: &mut HttpResponse, request: &ActixRequest) {
    let Some(state) = request.app_data::<web::Data<AppState>>() else {
        return;
    };
    let Some(OldName { used, consumer }) = kept_old_name(state, request) else {
        return;
    };
    let retirement = state.legacy.retirement();
    answer.headers.extend(retirement.headers(&used));
    let now_s = now_s();
    let verb = legacy::usage::verb(request.method().as_str());
    let caller = legacy::usage::Caller {
        consumer,
        user_agent: legacy::usage::agent(header_text(request, "user-agent").as_deref()),
        endpoint: format!("{verb} {}", used.endpoint()),
    };
    state.legacy.usage.note(caller, now_s);
    let outcome = match StatusCode::from_u16(answer.status) {
        Ok(StatusCode::GONE) => "gone",
        Ok(StatusCode::PERMANENT_REDIRECT) => "redirected",
        _ => "served",
    };
    let metric = &state.metrics.legacy_requests;
    metric.with_label_values(&[used.old, outcome]).inc();
}

/// Who is asking, and how long it took to find out.
fn identify(state: &AppState, request: &ActixRequest) -> Result<Identity, Error> {
    let start = Instant::now();
    let authorization = header_text(request, "authorization");
    let is_crm = state.config().profile == Profile::Crm;
    let apikey = header_text(request, "apikey").filter(|_| is_crm);
    let authenticator = state.authenticator();
    let auth = authenticator.authenticate(authorization.as_deref(), apikey.as_deref(), now_s())?;
    request
        .extensions_mut()
        .insert(RequestRole(auth.role.clone()));
    Ok(Identity {
        auth,
        time: start.elapsed(),
    })
}

async fn read_body(payload: web::Payload, limit: usize) -> Result<Bytes, Error> {
    match payload.to_bytes_limited(limit).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(_)) => Err(Error::new(
            &codes::PGRST102,
            "The request body was cut short",
        )),
        Err(_) => Err(body_too_large(limit)),
    }
}

fn now_s() -> i64 {
    let elapsed = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX)
}

fn body_too_large(limit: usize) -> Error {
    let mut error = Error::new(&codes::PGRST102, "The request body is too large")
        .details(format!("The limit is {limit} bytes"));
    error.fault_mut().status = StatusCode::PAYLOAD_TOO_LARGE.as_u16();
    error
}

fn header_text(request: &ActixRequest, name: &str) -> Option<String> {
    let value = request.headers().get(name)?;
    Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// actix's request as the pipeline's.
fn to_http_request(
    request: &ActixRequest,
    path: String,
    body: Bytes,
) -> Result<HttpRequest, Error> {
    let mut path_segments = Vec::new();
    // One slash begins the path; behind it, an empty segment is a segment.
    for segment in path.strip_prefix('/').unwrap_or(&path).split('/') {
        let decoded = percent_decode_str(segment).decode_utf8().map_err(|_| {
            Error::new(&codes::PGRST125, "Invalid path specified in request URL")
                .details("The path is not valid UTF-8")
        })?;
        path_segments.push(decoded.into_owned());
    }
    if path_segments == [""] {
        path_segments.clear();
    }
    let mut headers: Vec<(String, String)> = Vec::new();
    for (name, value) in request.headers() {
        let value = String::from_utf8_lossy(value.as_bytes());
        match headers.iter_mut().find(|(known, _)| known == name.as_str()) {
            Some((_, known)) => {
                known.push_str(", ");
                known.push_str(&value);
            }
            None => headers.push((name.as_str().to_owned(), value.into_owned())),
        }
    }
    let cookies = header_text(request, "cookie")
        .map(|text| {
            text.split(';')
                .filter_map(|pair| pair.trim().split_once('='))
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect()
        })
        .unwrap_or_default();
    Ok(HttpRequest {
        method: request.method().as_str().to_owned(),
        path_segments,
        path,
        query: request.query_string().to_owned(),
        headers,
        cookies,
        body,
    })
}

/// The pipeline's answer as actix's. HEAD answers keep their headers and lose their body.
pub fn to_actix(mut answer: HttpResponse, request: &ActixRequest) -> ActixResponse {
    retire(&mut answer, request);
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let response = ActixResponse::new(status);
    let mut response = match request.method() == Method::HEAD {
        // The length of what GET would send is not known here, so none is claimed.
        true => response.set_body(body::None::new()).map_into_boxed_body(),
        false => response.set_body(answer.body).map_into_boxed_body(),
    };
    for (name, value) in &answer.headers {
        // The HTTP layer writes the length itself.
        if name.eq_ignore_ascii_case(header::CONTENT_LENGTH.as_str()) {
            continue;
        }
        if let (Ok(name), Ok(value)) = (
            HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_bytes(value.as_bytes()),
        ) {
            response.headers_mut().append(name, value);
        }
    }
    response
}
