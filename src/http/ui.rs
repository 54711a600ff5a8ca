//! `/openapi.json` and the Swagger UI, whose files are part of the binary.

use actix_web::HttpResponse;
use actix_web::web::{self, ServiceConfig};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::openapi;

/// Mounts `/openapi.json`, `/swagger-ui` and `/swagger-ui/`.
pub fn configure(services: &mut ServiceConfig) {
    services
        .route("/openapi.json", web::get().to(document))
        .route("/swagger-ui", web::get().to(to_slash))
        .service(
            SwaggerUi::new("/swagger-ui/{_:.*}")
                .config(Config::from("/openapi.json").persist_authorization(true)),
        );
}

async fn document() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .body(openapi::json())
}

async fn to_slash() -> HttpResponse {
    HttpResponse::PermanentRedirect()
        .insert_header(("Location", "/swagger-ui/"))
        .finish()
}
