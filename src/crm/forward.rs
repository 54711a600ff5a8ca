//! From a typed endpoint to the pipeline: what `/{id}` and a JSON body mean in its terms.

use actix_web::{HttpRequest as ActixRequest, HttpResponse as ActixResponse, web};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::config::ErrorVerbosity;
use crate::error::{Error, body as error_body, codes};
use crate::rest::api_request::HttpRequest;
use crate::rest::response::HttpResponse;
use crate::rest::routes::{run, to_actix};
use crate::state::AppState;

const ITEM_METHODS: &str = "OPTIONS,GET,HEAD,PATCH,DELETE";
const OBJECT: &str = "application/vnd.pgrst.object+json";

/// `GET /relation`: the whole grammar, unchanged.
pub async fn list(
    state: &web::Data<AppState>,
    request: &ActixRequest,
    payload: web::Payload,
    relation: &str,
) -> ActixResponse {
    to_actix(
        run(state, request, payload, format!("/{relation}"), |_| Ok(())).await,
        request,
    )
}

/// `POST /relation`: one object answers with the row, 201 and its `Location`; a list answers with a list.
pub async fn create<Input: DeserializeOwned>(
    state: &web::Data<AppState>,
    request: &ActixRequest,
    payload: web::Payload,
    relation: &str,
) -> ActixResponse {
    let mut is_single = false;
    let mut answer = run(state, request, payload, format!("/{relation}"), |http| {
        is_single = check_body::<Input>(http)?;
        prefer_representation(http);
        if is_single && accepts_json(http) {
            set_header(http, "accept", OBJECT);
        }
        Ok(())
    })
    .await;
    if is_single && answer.status == 201 {
        add_location(&mut answer, relation);
    }
    as_plain_json(&mut answer);
    to_actix(answer, request)
}

/// `GET /relation/{id}`.
pub async fn read(
    state: &web::Data<AppState>,
    request: &ActixRequest,
    payload: web::Payload,
    relation: &str,
    id: &str,
) -> ActixResponse {
    one(state, request, payload, relation, id, |_| Ok(())).await
}

/// `PATCH /relation/{id}`: answers with the row.
pub async fn update<Input: DeserializeOwned>(
    state: &web::Data<AppState>,
    request: &ActixRequest,
    payload: web::Payload,
    relation: &str,
    id: &str,
) -> ActixResponse {
    one(state, request, payload, relation, id, |http| {
        if !check_body::<Input>(http)? {
            return Err(Error::new(
                &codes::PGRST102,
                "The body must be one JSON object",
            ));
        }
        prefer_representation(http);
        if changes_nothing(&http.body) {
            http.method = "GET".into();
        }
        Ok(())
    })
    .await
}

/// `{}`: PostgREST would find no row to change; the row as it is answers what was asked.
fn changes_nothing(body: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Map<String, Value>>(body).is_ok_and(|map| map.is_empty())
}

/// Any other verb on `/relation/{id}`.
pub async fn other(request: ActixRequest) -> ActixResponse {
    let message = format!("Unsupported HTTP method: {}", request.method());
    let error = Error::new(&codes::PGRST117, message).header("Allow", ITEM_METHODS);
    to_actix(
        error_body::postgrest(&error, ErrorVerbosity::Verbose),
        &request,
    )
}

/// OPTIONS on `/relation/{id}` (a preflight is answered before it comes here).
pub async fn options(request: ActixRequest) -> ActixResponse {
    let answer = HttpResponse {
        status: 200,
        headers: vec![("Allow".into(), ITEM_METHODS.into())],
        ..HttpResponse::default()
    };
    to_actix(answer, &request)
}

/// `DELETE /relation/{id}`: 204.
pub async fn delete(
    state: &web::Data<AppState>,
    request: &ActixRequest,
    payload: web::Payload,
    relation: &str,
    id: &str,
) -> ActixResponse {
    let mut answer = item(state, request, payload, relation, id, |http| {
        set_header(http, "prefer", "return=representation");
        add_query(http, "select=id");
        Ok(())
    })
    .await;
    if answer.status == 200 {
        answer = HttpResponse {
            status: 204,
            ..HttpResponse::default()
        };
    }
    to_actix(answer, request)
}

async fn one(
    state: &web::Data<AppState>,
    request: &ActixRequest,
    payload: web::Payload,
    relation: &str,
    id: &str,
    adapt: impl FnOnce(&mut HttpRequest) -> Result<(), Error>,
) -> ActixResponse {
    to_actix(
        item(state, request, payload, relation, id, adapt).await,
        request,
    )
}

/// Runs a request on the row `id`; no such row (or none that RLS shows) is a 404.
async fn item(
    state: &web::Data<AppState>,
    request: &ActixRequest,
    payload: web::Payload,
    relation: &str,
    id: &str,
    adapt: impl FnOnce(&mut HttpRequest) -> Result<(), Error>,
) -> HttpResponse {
    let mut answer = run(state, request, payload, format!("/{relation}"), |http| {
        let id: i64 = id.parse().map_err(|_| not_an_id(id))?;
        set_header(http, "accept", OBJECT);
        adapt(http)?;
        add_query(http, &format!("id=eq.{id}"));
        Ok(())
    })
    .await;
    if is_missing_row(&answer) {
        answer.status = 404;
    }
    as_plain_json(&mut answer);
    answer
}

fn not_an_id(id: &str) -> Error {
    Error::new(&codes::PGRST100, format!("\"{id}\" is not an id"))
        .details("An id is a whole number")
}

/// PGRST116 under a forced single object: the row does not exist for this caller.
fn is_missing_row(answer: &HttpResponse) -> bool {
    answer.status == 406
        && serde_json::from_slice::<Value>(&answer.body)
            .is_ok_and(|body| body["code"] == "PGRST116")
}

/// The vendor type asked for one object; the client asked for JSON and is told JSON.
fn as_plain_json(answer: &mut HttpResponse) {
    for (name, value) in &mut answer.headers {
        if name.eq_ignore_ascii_case("content-type") && value.starts_with(OBJECT) {
            *value = "application/json; charset=utf-8".into();
        }
    }
}

fn add_location(answer: &mut HttpResponse, relation: &str) {
    let id = serde_json::from_slice::<Value>(&answer.body)
        .ok()
        .and_then(|row| row["id"].as_i64());
    if let Some(id) = id {
        answer
            .headers
            .push(("Location".into(), format!("/{relation}/{id}")));
    }
}

/// Checks a JSON body against the endpoint's model; true when it is one object. CSV and forms are
/// left to the pipeline.
fn check_body<Input: DeserializeOwned>(http: &HttpRequest) -> Result<bool, Error> {
    let content_type = header(http, "content-type").unwrap_or("application/json");
    if !content_type.starts_with("application/json") {
        return Ok(false);
    }
    let invalid = |error: serde_json::Error| {
        Error::new(&codes::PGRST102, "The body does not fit this endpoint")
            .details(error.to_string())
    };
    let is_list = http.body.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'[');
    if is_list {
        serde_json::from_slice::<Vec<Input>>(&http.body).map_err(invalid)?;
    } else {
        serde_json::from_slice::<Input>(&http.body).map_err(invalid)?;
    }
    Ok(!is_list)
}

fn header<'a>(http: &'a HttpRequest, name: &str) -> Option<&'a str> {
    http.headers
        .iter()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.as_str())
}

fn set_header(http: &mut HttpRequest, name: &str, value: &str) {
    http.headers.retain(|(known, _)| known != name);
    http.headers.push((name.into(), value.into()));
}

fn accepts_json(http: &HttpRequest) -> bool {
    header(http, "accept").is_none_or(|a| a.contains("*/*") || a.contains("application/json"))
}

/// Typed writes answer with the row unless the client says otherwise.
fn prefer_representation(http: &mut HttpRequest) {
    match header(http, "prefer") {
        Some(prefer) if prefer.contains("return=") => {}
        Some(prefer) => {
            let prefer = format!("{prefer}, return=representation");
            set_header(http, "prefer", &prefer);
        }
        None => set_header(http, "prefer", "return=representation"),
    }
}

fn add_query(http: &mut HttpRequest, part: &str) {
    if !http.query.is_empty() {
        http.query.push('&');
    }
    http.query.push_str(part);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crm::model::OpportunityInput;

    fn request(body: &'static str) -> HttpRequest {
        HttpRequest {
            body: body.into(),
            ..HttpRequest::default()
        }
    }

    #[test]
    fn a_body_that_does_not_fit_the_model_is_refused_with_the_reason() {
        assert!(check_body::<OpportunityInput>(&request(r#"{"name":"a"}"#)).expect("fits"));
        assert!(!check_body::<OpportunityInput>(&request(r#" [{"name":"a"}]"#)).expect("fits"));
        let error = check_body::<OpportunityInput>(&request(r#"{"name":"a","stage":"nope"}"#))
            .expect_err("unknown stage");
        assert_eq!(error.code(), "PGRST102");
        assert!(
            error
                .fault()
                .details
                .as_ref()
                .expect("reason")
                .to_string()
                .contains("nope")
        );
    }

    #[test]
    fn only_an_empty_object_changes_nothing() {
        assert!(changes_nothing(b" { } "));
        assert!(!changes_nothing(b"{\"a\":null}"));
        assert!(!changes_nothing(b"[]"));
    }

    #[test]
    fn a_preference_of_the_client_is_kept() {
        let mut http = request("{}");
        http.headers
            .push(("prefer".into(), "return=minimal".into()));
        prefer_representation(&mut http);
        assert_eq!(header(&http, "prefer"), Some("return=minimal"));
        set_header(&mut http, "prefer", "count=exact");
        prefer_representation(&mut http);
        assert_eq!(
            header(&http, "prefer"),
            Some("count=exact, return=representation")
        );
    }
}
