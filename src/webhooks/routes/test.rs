//! A test delivery: made at once, answered with what came back. Nothing is queued.

use std::time::Instant;

use actix_web::web;
use actix_web::{HttpRequest, HttpResponse, post};
use chrono::Utc;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::payload::Change;
use super::super::send::Sender;
use super::super::sign::Secrets;
use super::super::{overlap, payload, store};
use super::{Administrator, TestInput, answer, failed, input, missing};
use crate::crm::model::RestError;
use crate::error::{Error, codes};
use crate::mapping;
use crate::pg::ident::QualifiedIdentifier;
use crate::state::AppState;

/// What came of a test delivery.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct TestResult {
    /// The receiver answered 2xx.
    pub delivered: bool,
    /// HTTP status of the answer.
    pub status: Option<u16>,
    /// Why there was none.
    pub error: Option<String>,
    pub duration_ms: u64,
    /// What was sent: an example with `"test": true` in its metadata.
    #[schema(value_type = Object)]
    pub payload: Value,
    /// Signed the request, if it was made for it.
    pub secret: Option<String>,
}

/// Sends an example of an event and says what came back.
#[utoipa::path(
    operation_id = "test_webhook",
    tag = "webhooks",
    request_body = TestInput,
    responses(
        (status = 200, description = "What came back, whether it was delivered or not", body = TestResult),
        (status = 400, description = "The address, the event or the secret cannot be used", body = RestError),
        (status = 401, description = "No valid key or token, or no right for anonymous callers", body = RestError),
        (status = 403, description = "Not an administrator", body = RestError),
        (status = 404, description = "No such subscription", body = RestError),
        (status = 413, description = "The body is too large", body = RestError),
    ),
    security(("api_key" = []), ("bearer" = [])),
)]
#[post("/webhooks/test")]
pub(crate) async fn test(
    state: web::Data<AppState>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    answer(&state, &request, async |administrator| {
        let sent: TestInput = super::read(payload).await?;
        let event = sent.event.clone();
        let event = input::event(event.unwrap_or_else(|| "opportunity.created".into()))?;
        let target = target(&state, &administrator, &sent).await?;
        let mut change = payload::sample(&event);
        if let Some(user_id) = administrator.user_id {
            change.user_id = Some(user_id.to_string());
        }
        if closes_on_a_day(&state) {
            payload::close_on_a_day(&mut change);
        }
        // The connection is not kept while the receiver thinks.
        drop(administrator);
        let sender = Sender::new(&state.config().crm.webhooks).map_err(|error| {
            tracing::error!(%error, "webhooks: no HTTP client");
            Error::new(&codes::PGRSTX00, "Internal server error")
        })?;
        let notice = overlap::of(&state).headers(&event);
        let result = deliver(&sender, &event, change, target, notice).await;
        Ok(HttpResponse::Ok()
            .insert_header(("Cache-Control", "no-store"))
            .json(result))
    })
    .await
}

/// Whether the database's closing dates are days and not moments.
fn closes_on_a_day(state: &AppState) -> bool {
    let loaded = state.schema_cache();
    let name = QualifiedIdentifier::new("public", mapping::table::DEALS.new);
    let table = loaded
        .as_ref()
        .and_then(|loaded| loaded.cache.tables.get(&name));
    let column = table.and_then(|table| table.columns.get(payload::CLOSING));
    column.is_some_and(|column| column.data_type == "date")
}

struct Target {
    url: String,
    secrets: Secrets,
    /// To be shown, because nobody knows it yet.
    new_secret: Option<String>,
}

async fn target(
    state: &AppState,
    administrator: &Administrator,
    sent: &TestInput,
) -> Result<Target, Error> {
    match (&sent.target_url, sent.subscription_id) {
        (Some(url), None) => {
            let secret = input::secret(sent.secret.as_deref())?;
            let is_new = sent.secret.is_none();
            Ok(Target {
                url: input::url(url, state.config().crm.webhooks.reach)?,
                new_secret: is_new.then(|| secret.reveal().to_owned()),
                secrets: Secrets::one(secret),
            })
        }
        (None, Some(id)) if sent.secret.is_none() => {
            let found = store::target(&administrator.client, id).await;
            let found = found.map_err(failed)?;
            let (url, secrets) = found.ok_or_else(|| missing("subscription", id))?;
            Ok(Target {
                url,
                secrets,
                new_secret: None,
            })
        }
        _ => Err(
            Error::new(&codes::PGRST102, "It is not clear where to send it").hint(
                "Send `target_url`, with a `secret` if you have one, or `subscription_id` alone",
            ),
        ),
    }
}

/// `notice`: further headers.
async fn deliver(
    sender: &Sender,
    event: &str,
    mut change: Change,
    target: Target,
    notice: Vec<(&'static str, String)>,
) -> TestResult {
    let id = Uuid::new_v4();
    change.occurred_at = Utc::now();
    let mut payload = payload::envelope(id, event, &change);
    payload["metadata"]["test"] = true.into();
    let body = payload.to_string().into_bytes();
    let mut headers = target
        .secrets
        .headers(&id.to_string(), Utc::now().timestamp(), &body);
    headers.extend(notice);
    let start = Instant::now();
    let answer = sender.send(&target.url, &headers, body).await;
    TestResult {
        delivered: answer.is_success(),
        status: answer.status,
        error: answer.error,
        duration_ms: u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
        payload,
        secret: target.new_secret,
    }
}
