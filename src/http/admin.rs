//! The admin server: `/live`, `/ready`, `/metrics`, `/config`, `/schema_cache`, `/mail` on its own port or
//! socket, so that no relation's name is shadowed.
//!
//! Source: <https://docs.postgrest.org/en/stable/references/admin_server.html>.

use std::sync::atomic::Ordering;

use actix_web::http::StatusCode;
use actix_web::http::header::ContentType;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, HttpResponseBuilder};

use super::listen::Address;
use super::mail_page;
use crate::config::dump::{self, Secrets};
use crate::schema_cache::dump as schema_dump;
use crate::state::AppState;

/// Mounts the admin routes; `main` is the API's address.
pub fn configure(state: web::Data<AppState>, main: Address) -> impl FnOnce(&mut ServiceConfig) {
    move |services| {
        services
            .app_data(state)
            .app_data(web::Data::new(main))
            .route("/live", web::get().to(live))
            .route("/live", web::head().to(live))
            .route("/ready", web::get().to(ready))
            .route("/ready", web::head().to(ready))
            .route("/metrics", web::get().to(metrics))
            .route("/config", web::get().to(config))
            .route("/schema_cache", web::get().to(schema_cache))
            .configure(mail_page::configure);
    }
}

fn is_live(state: &AppState, main: &Address) -> bool {
    state.health.serving.load(Ordering::Relaxed) && main.is_reachable()
}

/// 200 while clients can reach the API, else 500.
async fn live(state: web::Data<AppState>, main: web::Data<Address>) -> HttpResponse {
    answer(match is_live(&state, &main) {
        true => StatusCode::OK,
        false => StatusCode::INTERNAL_SERVER_ERROR,
    })
}

/// 200 when requests can be served; 503 while the schema cache or the database are missing and will be
/// tried again; 500 when clients cannot reach the API.
async fn ready(state: web::Data<AppState>, main: web::Data<Address>) -> HttpResponse {
    let loaded = state.health.schema_cache_loaded.load(Ordering::Relaxed);
    answer(if !loaded || !is_connected(&state).await {
        StatusCode::SERVICE_UNAVAILABLE
    } else if !is_live(&state, &main) {
        StatusCode::INTERNAL_SERVER_ERROR
    } else {
        StatusCode::OK
    })
}

fn answer(status: StatusCode) -> HttpResponse {
    HttpResponseBuilder::new(status).finish()
}

/// The listener notices at once when the database goes away; without one, it is asked.
async fn is_connected(state: &AppState) -> bool {
    if state.config().database.channel_enabled {
        return state.health.listening.load(Ordering::Relaxed);
    }
    match state.pool.get().await {
        Ok(session) => session.client().simple_query("SELECT 1").await.is_ok(),
        Err(_) => false,
    }
}

async fn metrics(state: web::Data<AppState>) -> HttpResponse {
    let pool = state.pool_status();
    let gauge = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let metrics = &state.metrics;
    metrics.pool_available.set(gauge(pool.available));
    metrics.pool_waiting.set(gauge(pool.waiting));
    metrics.pool_max.set(gauge(pool.max_size));
    let jwt = state.authenticator().cache_counts();
    for (counter, total) in [
        (&metrics.jwt_cache_requests, jwt.requests),
        (&metrics.jwt_cache_hits, jwt.hits),
        (&metrics.jwt_cache_evictions, jwt.evictions),
    ] {
        counter.inc_by(total.saturating_sub(counter.get()));
    }
    HttpResponse::Ok()
        .content_type(ContentType::plaintext())
        .body(metrics.render())
}

/// The configuration as `--dump-config` prints it, without secrets.
async fn config(state: web::Data<AppState>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(ContentType::plaintext())
        .body(dump::dump(&state.config(), Secrets::Hidden))
}

/// The schema cache in use, as `--dump-schema` prints it; nothing before the first load.
async fn schema_cache(state: web::Data<AppState>) -> HttpResponse {
    match state.schema_cache() {
        Some(loaded) => HttpResponse::Ok()
            .content_type(ContentType::json())
            .body(schema_dump::to_json(&loaded.cache)),
        None => HttpResponse::Ok().finish(),
    }
}
