//! `/mail` on the admin server: the mails that a development server wrote to its folder.
//!
//! `GET /mail` lists them, `GET /mail/{id}` shows one; with `Accept: application/json` both answer JSON
//! (see [`Stored`]). A mail's HTML is shown in a frame without scripts and without access to the page.

use actix_web::http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, ContentType, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::{HttpRequest, HttpResponse, web};

use crate::mail::escape;
use crate::mail::folder::{self, Stored};
use crate::state::AppState;

/// Mounts the page.
pub fn configure(services: &mut web::ServiceConfig) {
    services
        .route("/mail", web::get().to(list))
        .route("/mail/{id}", web::get().to(show));
}

async fn list(state: web::Data<AppState>, request: HttpRequest) -> HttpResponse {
    let mails = match &state.config().crm.mail.folder {
        Some(path) => folder::list(path).unwrap_or_default(),
        None => Vec::new(),
    };
    if wants_json(&request) {
        return HttpResponse::Ok().json(mails);
    }
    let rows: String = mails.iter().map(row).collect();
    let note = match mails.is_empty() {
        true => "<p>No mail yet.</p>",
        false => "",
    };
    page(
        "Mails",
        &format!(
            "<h1>Mails</h1>{note}<table><tr><th>at<th>to<th>subject<th>kind</tr>{rows}</table>"
        ),
    )
}

async fn show(
    state: web::Data<AppState>,
    request: HttpRequest,
    id: web::Path<String>,
) -> HttpResponse {
    let config = state.config();
    let folder = config.crm.mail.folder.as_deref();
    let Some(mail) = folder.and_then(|path| folder::read(path, &id)) else {
        return HttpResponse::NotFound().body("There is no such mail.");
    };
    if wants_json(&request) {
        return HttpResponse::Ok().json(mail);
    }
    let link = match mail.link.is_empty() {
        true => String::new(),
        false => format!(
            r#"<p>link: <a href="{0}" rel="noreferrer">{0}</a></p>"#,
            escape(&mail.link)
        ),
    };
    let body = format!(
        r#"<p><a href="/mail">all mails</a></p><h1>{}</h1>
<p>to {}, at {}</p>{link}<p>code: <code>{}</code></p>
<iframe sandbox="allow-popups allow-popups-to-escape-sandbox" srcdoc="{}"></iframe>
<pre>{}</pre>"#,
        escape(&mail.subject),
        escape(&mail.to),
        mail.at.format("%Y-%m-%d %H:%M:%S UTC"),
        escape(&mail.code),
        escape(&format!(r#"<base target="_blank">{}"#, mail.html)),
        escape(&mail.text),
    );
    page(&mail.subject, &body)
}

fn row(mail: &Stored) -> String {
    format!(
        r#"<tr><td>{}<td>{}<td><a href="/mail/{}">{}</a><td>{}</tr>"#,
        mail.at.format("%Y-%m-%d %H:%M:%S"),
        escape(&mail.to),
        escape(&mail.id),
        escape(&mail.subject),
        escape(&mail.kind),
    )
}

fn wants_json(request: &HttpRequest) -> bool {
    request
        .headers()
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|accept| accept.contains("application/json"))
}

fn page(title: &str, body: &str) -> HttpResponse {
    const STYLE: &str = "body { font-family: sans-serif; margin: 2em; } \
        td, th { text-align: left; padding: .3em 1em .3em 0; } \
        iframe { width: 100%; height: 32em; border: 1px solid #ccc; } \
        p { overflow-wrap: anywhere; }";
    HttpResponse::Ok()
        .content_type(ContentType::html())
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; img-src data: https: http:; frame-ancestors 'none'",
        ))
        .body(format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{}</title>\
             <style>{STYLE}</style><body>{body}</body></html>",
            escape(title)
        ))
}
