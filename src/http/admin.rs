//! The admin server: `/live`, `/ready`, `/metrics`, `/schema_cache`, `/mail` on its own port, so that no
//! relation's name is shadowed.
//!
//! Source: <https://docs.postgrest.org/en/stable/references/admin_server.html>.

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, http::header::ContentType};

use super::mail_page;
use crate::state::AppState;

/// Mounts the admin routes.
pub fn configure(state: web::Data<AppState>) -> impl FnOnce(&mut ServiceConfig) {
    move |services| {
        services
            .app_data(state)
            .route("/live", web::get().to(live))
            .route("/ready", web::get().to(ready))
            .route("/metrics", web::get().to(metrics))
            .configure(mail_page::configure);
    }
}

async fn live() -> HttpResponse {
    HttpResponse::Ok().finish()
}

/// 200 when requests can be served: the schema cache is loaded and the pool reaches the database.
async fn ready(state: web::Data<AppState>) -> HttpResponse {
    if state.schema_cache().is_none() {
        return HttpResponse::ServiceUnavailable().finish();
    }
    match state.pool.get().await {
        Ok(_) => HttpResponse::Ok().finish(),
        Err(_) => HttpResponse::InternalServerError().finish(),
    }
}

async fn metrics(state: web::Data<AppState>) -> HttpResponse {
    let status = state.pool_status();
    let gauge = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    state.metrics.pool_available.set(gauge(status.available));
    state.metrics.pool_waiting.set(gauge(status.waiting));
    state.metrics.pool_max.set(gauge(status.max_size));
    HttpResponse::Ok()
        .content_type(ContentType::plaintext())
        .body(state.metrics.render())
}
