//! Where people land who follow an old link: `/deals…` in a browser, and the script for addresses behind
//! a `#`, which no server sees.
//!
//! In: a navigation (GET or HEAD that accepts HTML). Out: 308 to the same place under its new name, path
//! and query kept; browsers keep the rest. It says like every answer under an old name that the name ends, and
//! is counted. API clients do not accept HTML and pass by. Before the migration nothing is redirected.

use actix_web::guard::{self, Guard, GuardContext};
use actix_web::http::{StatusCode, header};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

use crate::rest::{self, routes};
use crate::state::AppState;

const OLD: &str = "/deals";
const NEW: &str = "/opportunities";
const SCRIPT: &str = include_str!("legacy_redirect.js");

/// Mounts the redirect and `/legacy-redirect.js`. Goes before the endpoints of the same paths.
pub fn configure(services: &mut ServiceConfig) {
    services
        .service(
            web::resource([OLD, "/deals/{tail:.*}"])
                .guard(guard::fn_guard(is_navigation))
                .to(redirect),
        )
        .route("/legacy-redirect.js", web::get().to(script))
        .route("/legacy-redirect.js", web::head().to(script));
}

fn is_navigation(context: &GuardContext<'_>) -> bool {
    let reads = guard::Any(guard::Get()).or(guard::Head()).check(context);
    let accepts_html = context.header::<header::Accept>().is_some_and(|accept| {
        accept.iter().any(|known| {
            known.item.essence_str() == "text/html" && known.quality > header::Quality::ZERO
        })
    });
    let state = context.app_data::<web::Data<AppState>>();
    reads && accepts_html && state.is_some_and(|state| state.legacy.retirement().is_old_face)
}

async fn redirect(request: HttpRequest) -> HttpResponse {
    let address = request
        .uri()
        .path_and_query()
        .map_or(OLD, |address| address.as_str());
    let rest = address.strip_prefix(OLD).unwrap_or_default();
    let headers = [
        (header::LOCATION, format!("{NEW}{rest}")),
        // A migration can be taken back: no browser may remember the way for ever.
        (header::CACHE_CONTROL, "no-cache".to_owned()),
        (header::VARY, "Accept".to_owned()),
    ];
    let answer = rest::response::HttpResponse {
        status: StatusCode::PERMANENT_REDIRECT.as_u16(),
        headers: headers
            .map(|(name, value)| (name.to_string(), value))
            .into(),
        ..Default::default()
    };
    routes::to_actix(answer, &request)
}

async fn script() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/javascript; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "max-age=3600"))
        .body(SCRIPT)
}
