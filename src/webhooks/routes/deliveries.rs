//! The delivery log, and another try for what was given up.

use actix_web::web;
use actix_web::{HttpRequest, HttpResponse, get, post};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::super::store::{self, Delivery, Page, Replayed};
use super::{answer, answer_for, failed, known, missing};
use crate::crm::model::RestError;
use crate::error::{Error, codes};
use crate::state::AppState;

/// Rows of the log unless told, and at most.
const DEFAULT_LIMIT: i64 = 100;
const MAX_LIMIT: i64 = 1000;

/// States of a delivery.
const STATES: &[&str] = &["queued", "blocked", "sending", "delivered", "dead"];

/// Which part of the log.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LogParams {
    /// `queued`, `blocked`, `sending`, `delivered` or `dead`.
    #[param(example = "dead")]
    state: Option<String>,
    /// Only deliveries with a smaller id: the next page.
    before: Option<i64>,
    /// At most 1000; 100 when left out.
    #[param(example = 100, minimum = 1, maximum = 1000)]
    limit: Option<i64>,
}

/// What a replay did.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Replay {
    /// Deliveries that are queued again.
    #[schema(example = 1)]
    pub replayed: u64,
}

/// Lists the deliveries of a subscription, newest first.
#[utoipa::path(
    operation_id = "list_webhook_deliveries",
    tag = "webhooks",
    params(("id" = uuid::Uuid, Path, description = "Id of the subscription"), LogParams),
    responses(
        (status = 200, description = "The deliveries", body = [Delivery]),
        (status = 400, description = "The request cannot be understood", body = RestError),
        (status = 401, description = "No valid key or token, or no right for anonymous callers", body = RestError),
        (status = 403, description = "Not an administrator", body = RestError),
        (status = 404, description = "No such subscription", body = RestError),
    ),
    security(("api_key" = []), ("bearer" = [])),
)]
#[get("/webhooks/{id}/deliveries")]
pub(crate) async fn list(
    state: web::Data<AppState>,
    id: web::Path<String>,
    request: HttpRequest,
) -> HttpResponse {
    answer_for(&state, &request, &id, async |administrator, id| {
        let page = page(request.query_string())?;
        let client = &administrator.client;
        known(&state, client, id).await?;
        let rows = store::deliveries(client, id, &page).await.map_err(failed)?;
        Ok(HttpResponse::Ok().json(rows))
    })
    .await
}

fn page(query: &str) -> Result<Page, Error> {
    let bad = |details: String| {
        Error::new(&codes::PGRST100, "The query string cannot be understood").details(details)
    };
    let sent: LogParams =
        serde_urlencoded::from_str(query).map_err(|error| bad(error.to_string()))?;
    if let Some(state) = &sent.state
        && !STATES.contains(&state.as_str())
    {
        return Err(bad(format!("A state is one of {}", STATES.join(", "))));
    }
    let limit = sent.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(bad(format!("A limit is between 1 and {MAX_LIMIT}")));
    }
    Ok(Page {
        state: sent.state,
        before: sent.before,
        limit,
    })
}

/// Queues one delivery again: one that was given up, or one that was delivered.
#[utoipa::path(
    operation_id = "replay_webhook_delivery",
    tag = "webhooks",
    params(("id" = i64, Path, description = "Id of the delivery", example = 1)),
    responses(
        (status = 202, description = "Queued, with the id that its receiver knows", body = Replay),
        (status = 400, description = "Not an id", body = RestError),
        (status = 401, description = "No valid key or token, or no right for anonymous callers", body = RestError),
        (status = 403, description = "Not an administrator", body = RestError),
        (status = 404, description = "No such delivery", body = RestError),
        (status = 409, description = "It has not ended yet", body = RestError),
    ),
    security(("api_key" = []), ("bearer" = [])),
)]
#[post("/webhooks/deliveries/{id}/replay")]
pub(crate) async fn replay(
    state: web::Data<AppState>,
    id: web::Path<String>,
    request: HttpRequest,
) -> HttpResponse {
    answer(&state, &request, async |administrator| {
        let id: i64 = id.parse().map_err(|_| {
            Error::new(&codes::PGRST100, format!("{:?} is not an id", id.as_str()))
                .details("An id is a whole number")
        })?;
        let replayed = store::replay(&administrator.client, id).await;
        match replayed.map_err(failed)? {
            Replayed::Queued => Ok(HttpResponse::Accepted().json(Replay { replayed: 1 })),
            Replayed::Unknown => Err(missing("delivery", id)),
            Replayed::StillOpen => Err(still_open(id)),
        }
    })
    .await
}

fn still_open(id: i64) -> Error {
    let message = format!("Delivery {id} has not ended yet");
    Error::from_database("55000", 409, message).hint("It is tried again by itself")
}

/// Queues all deliveries of a subscription again that were given up.
#[utoipa::path(
    operation_id = "replay_webhook",
    tag = "webhooks",
    params(("id" = uuid::Uuid, Path, description = "Id of the subscription")),
    responses(
        (status = 202, description = "Queued, oldest first", body = Replay),
        (status = 400, description = "Not an id", body = RestError),
        (status = 401, description = "No valid key or token, or no right for anonymous callers", body = RestError),
        (status = 403, description = "Not an administrator", body = RestError),
        (status = 404, description = "No such subscription", body = RestError),
    ),
    security(("api_key" = []), ("bearer" = [])),
)]
#[post("/webhooks/{id}/replay")]
pub(crate) async fn replay_dead(
    state: web::Data<AppState>,
    id: web::Path<String>,
    request: HttpRequest,
) -> HttpResponse {
    answer_for(&state, &request, &id, async |administrator, id| {
        let client = &administrator.client;
        known(&state, client, id).await?;
        let replayed = store::replay_dead(client, id).await.map_err(failed)?;
        Ok(HttpResponse::Accepted().json(Replay { replayed }))
    })
    .await
}
