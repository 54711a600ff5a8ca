//! Paths that nobody serves: a clear error in the shape that the path's clients read.

use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use serde_json::json;

/// Answers for the storage service of a server without a store.
pub fn storage(services: &mut ServiceConfig) {
    services.service(web::scope("/storage/v1").default_service(web::to(no_store)));
}

/// storage-js reads `statusCode` and `error` from the body.
async fn no_store() -> HttpResponse {
    answer(StatusCode::NOT_IMPLEMENTED).json(json!({
        "statusCode": "501",
        "error": "not_implemented",
        "message": "Storage is not enabled on this server: set storage-dir or storage-s3-bucket",
    }))
}

/// Realtime is not part of this server. realtime-js opens a WebSocket and tries again after a refusal, so
/// the refusal is quick.
pub fn realtime(services: &mut ServiceConfig) {
    services.service(web::scope("/realtime/v1").default_service(web::to(no_realtime)));
}

async fn no_realtime() -> HttpResponse {
    answer(StatusCode::NOT_IMPLEMENTED).json(json!({
        "code": "not_implemented",
        "error": "not_implemented",
        "message": "Realtime is not enabled on this server",
    }))
}

/// Everything else.
pub async fn anything_else(request: HttpRequest) -> HttpResponse {
    answer(StatusCode::NOT_FOUND).json(json!({
        "code": "PGRST125",
        "message": "Invalid path specified in request URL",
        "details": format!("Nothing is served at {}", request.path()),
        "hint": "The API is at /rest/v1, /auth/v1, /opportunities; its documentation at /swagger-ui/",
    }))
}

fn answer(status: StatusCode) -> HttpResponseBuilder {
    HttpResponse::build(status)
}
