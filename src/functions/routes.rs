//! `/functions/v1/{name}` on actix: requests and answers are converted here and nowhere else.

use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

use super::error::FunctionError;
use super::{Body, FunctionAnswer, FunctionRequest, Functions, call, unknown};

/// Mounts the functions; the application provides `web::Data<Functions>` when they can run.
pub fn configure(services: &mut ServiceConfig) {
    services
        .service(
            web::resource(["/functions/v1/{name}", "/functions/v1/{name}/{rest:.*}"]).to(handle),
        )
        .service(web::scope("/functions/v1").default_service(web::to(nameless)));
}

async fn nameless() -> HttpResponse {
    to_actix(unknown(""))
}

async fn handle(
    functions: Option<web::Data<Functions>>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let name = request.match_info().query("name");
    let Some(functions) = functions else {
        return to_actix(unknown(name));
    };
    let limit = functions.app.config().server.max_body_bytes;
    let body = match payload.to_bytes_limited(limit).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return fail(400, "The request body was cut short"),
        Err(_) => return fail(413, "The request body is too large"),
    };
    let call_request = FunctionRequest {
        method: request.method().as_str().to_owned(),
        headers: request
            .headers()
            .iter()
            .map(|(name, value)| {
                let value = String::from_utf8_lossy(value.as_bytes());
                (name.as_str().to_owned(), value.into_owned())
            })
            .collect(),
        body,
    };
    to_actix(call(&functions, name, &call_request).await)
}

fn fail(status: u16, message: &'static str) -> HttpResponse {
    to_actix(FunctionError::new(status, message).answer())
}

fn to_actix(answer: FunctionAnswer) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    match answer.body {
        Body::Json(value) => response.json(value),
        Body::Text(text) => response
            .content_type("text/plain; charset=utf-8")
            .body(text),
        Body::Empty => response.finish(),
    }
}
