//! Where people land who follow an old link: `/deals…` in a browser, and the script for addresses behind
//! a `#`, which no server sees.
//!
//! In: a navigation (GET or HEAD that accepts HTML). Out: 308 to the same place under its new name, path
//! and query kept; browsers keep the rest. It says like every answer under an old name that the name ends, and
//! is counted. API clients do not accept HTML and pass by. Before the migration nothing is redirected.

use actix_web::guard::{self, Guard, GuardContext};
use actix_web::http::{StatusCode, Uri, header};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

use crate::rest::{self, routes};
use crate::state::AppState;

const NEW: &str = "/opportunities";
const SCRIPT: &str = include_str!("legacy_redirect.js");

/// Mounts the redirect and `/legacy-redirect.js`. Goes before the endpoints of the same paths.
pub fn configure(services: &mut ServiceConfig) {
    services
        .service(
            web::resource(["/deals", "/deals/{tail:.*}"])
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
    let rest = rest_of(request.uri());
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

/// What stands behind the first word of the path, which may be percent-encoded; the query too.
fn rest_of(address: &Uri) -> String {
    let path = address.path();
    let end = path[1..].find('/').map_or(path.len(), |at| at + 1);
    let query = address.query().map(|query| format!("?{query}"));
    format!("{}{}", &path[end..], query.unwrap_or_default())
}

async fn script() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/javascript; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "max-age=3600"))
        .body(SCRIPT)
}
