//! `/openapi.json`, the Swagger UI, whose files are part of the binary, and the migration guide.

use std::sync::{Arc, LazyLock};

use actix_web::HttpResponse;
use actix_web::http::header::ContentEncoding;
use actix_web::web::{self, ServiceConfig};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::{docs, openapi};

/// Mounts `/openapi.json`, `/swagger-ui`, `/swagger-ui/` and `/docs/migration-guide`.
pub fn configure(services: &mut ServiceConfig) {
    services
        .route("/openapi.json", web::get().to(document))
        .route("/openapi.json", web::head().to(document))
        .route("/swagger-ui", web::get().to(to_slash))
        .route("/swagger-ui", web::head().to(to_slash))
        .route("/docs/migration-guide", web::get().to(migration_guide))
        .route("/docs/migration-guide", web::head().to(migration_guide))
        .route("/swagger-ui/{file:.*}", web::head().to(head_of_ui))
        .service(SwaggerUi::new("/swagger-ui/{_:.*}").config(config()));
}

async fn document() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        // Other Swagger editors load it, too; it holds no secret.
        .insert_header(("Access-Control-Allow-Origin", "*"))
        .body(openapi::json())
}

async fn migration_guide() -> HttpResponse {
    static PAGE: LazyLock<String> =
        LazyLock::new(|| docs::html("From deals to opportunities", &docs::migration_guide()));
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .body(PAGE.as_str())
}

fn config() -> Config<'static> {
    Config::from("/openapi.json").persist_authorization(true)
}

/// HEAD of the page, whose own route knows GET alone.
async fn head_of_ui(file: web::Path<String>) -> HttpResponse {
    match utoipa_swagger_ui::serve(&file, Arc::new(config())) {
        Ok(Some(file)) => {
            let mut answer = HttpResponse::Ok();
            if file.gzpipped {
                answer.insert_header(ContentEncoding::Gzip);
            }
            let answer = answer.content_type(file.content_type);
            answer.body(file.bytes.into_owned())
        }
        Ok(None) => HttpResponse::NotFound().finish(),
        Err(error) => HttpResponse::InternalServerError().body(error.to_string()),
    }
}

async fn to_slash() -> HttpResponse {
    HttpResponse::PermanentRedirect()
        .insert_header(("Location", "/swagger-ui/"))
        .finish()
}
