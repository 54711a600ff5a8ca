//! Answers other than files: JSON, and errors in storage's shape.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, X_CONTENT_TYPE_OPTIONS};
use serde_json::Value;

use crate::storage::error::StorageError;

/// 200 with JSON that nobody keeps.
pub fn json(body: &Value) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(body)
}

/// The error; without a body for HEAD.
pub fn error(error: &StorageError, is_head: bool) -> HttpResponse {
    let status =
        StatusCode::from_u16(error.code.http_status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    response
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"));
    if status == StatusCode::SERVICE_UNAVAILABLE || status == StatusCode::TOO_MANY_REQUESTS {
        response.insert_header(("Retry-After", "1"));
    }
    if is_head {
        return response.finish();
    }
    response.json(error.body())
}
