//! Subscriptions: made, listed, changed, removed, given a new secret.

use actix_web::web::{self};
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::overlap;
use super::super::payload::Version;
use super::super::store::{self, Change, NewSubscription, Subscription};
use super::{
    RotateInput, SubscribeInput, UpdateInput, answer, answer_for, failed, input, known, missing,
    shown,
};
use crate::crm::model::RestError;
use crate::error::{Error, codes};
use crate::state::AppState;

/// Overlap of two secrets unless told, and the longest: a day and thirty.
const DEFAULT_OVERLAP_S: u32 = 24 * 3600;
const LONGEST_OVERLAP_S: u32 = 30 * DEFAULT_OVERLAP_S;

/// A new subscription with its secret.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct CreatedSubscription {
    #[serde(flatten)]
    pub subscription: Subscription,
    /// Signs every request. Shown this once.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    pub secret: String,
}

/// A new secret.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct NewSecret {
    /// Shown this once.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    pub secret: String,
    /// Until then requests are signed with the previous one as well.
    pub previous_secret_until: Option<DateTime<Utc>>,
}

/// Subscribes an address to events.
#[utoipa::path(
    operation_id = "subscribe_webhook",
    tag = "webhooks",
    request_body = SubscribeInput,
    responses(
        (status = 201, description = "The subscription and its secret", body = CreatedSubscription),
        (status = 400, description = "The address, an event or the secret cannot be used", body = RestError),
        (status = 401, description = "No valid key or token, or no right for anonymous callers", body = RestError),
        (status = 403, description = "Not an administrator", body = RestError),
        (status = 410, description = "An event of version 1, after its end", body = RestError),
        (status = 413, description = "The body is too large", body = RestError),
    ),
    security(("api_key" = []), ("bearer" = [])),
)]
#[post("/webhooks/subscribe")]
pub(crate) async fn subscribe(
    state: web::Data<AppState>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    answer(&state, &request, async |administrator| {
        let sent: SubscribeInput = super::read(payload).await?;
        let mut events = sent.events.unwrap_or_default();
        events.extend(sent.event);
        let events = input::events(events)?;
        still_told(&state, events.iter().any(is_version_1))?;
        let new = NewSubscription {
            url: input::url(&sent.url, state.config().crm.webhooks.reach)?,
            events,
            description: input::description(sent.description)?,
            secret: input::secret(sent.secret.as_deref())?,
            created_by: administrator.user_id,
        };
        let made = store::insert(&administrator.client, &new).await;
        let subscription = shown(&state, made.map_err(failed)?);
        let location = format!("/webhooks/{}", subscription.id);
        let body = CreatedSubscription {
            subscription,
            secret: new.secret.reveal().to_owned(),
        };
        Ok(HttpResponse::Created()
            .insert_header(("Location", location))
            .insert_header(("Cache-Control", "no-store"))
            .json(body))
    })
    .await
}

/// Refuses, after the end of version 1, what concerns it.
fn still_told(state: &AppState, concerns_version_1: bool) -> Result<(), Error> {
    match overlap::of(state).ended(Utc::now()) {
        Some(reason) if concerns_version_1 => Err(gone(reason)),
        _ => Ok(()),
    }
}

fn is_version_1(event: impl AsRef<str>) -> bool {
    Version::of(event.as_ref()) == Version::V1
}

/// 410.
fn gone(reason: String) -> Error {
    Error::new(&codes::OPP410, "The events of version 1 have ended")
        .details(reason)
        .hint("The migration guide names the event and the payload that follow each")
}

/// Lists all subscriptions.
#[utoipa::path(
    operation_id = "list_webhooks",
    tag = "webhooks",
    responses(
        (status = 200, description = "The subscriptions, oldest first", body = [Subscription]),
        (status = 401, description = "No valid key or token, or no right for anonymous callers", body = RestError),
        (status = 403, description = "Not an administrator", body = RestError),
    ),
    security(("api_key" = []), ("bearer" = [])),
)]
#[get("/webhooks")]
pub(crate) async fn list(state: web::Data<AppState>, request: HttpRequest) -> HttpResponse {
    answer(&state, &request, async |administrator| {
        let all = store::list(&administrator.client).await.map_err(failed)?;
        let all: Vec<_> = all.into_iter().map(|one| shown(&state, one)).collect();
        Ok(HttpResponse::Ok().json(all))
    })
    .await
}

/// Returns one subscription, without its secret.
#[utoipa::path(
    operation_id = "read_webhook",
    tag = "webhooks",
    params(("id" = uuid::Uuid, Path, description = "Id of the subscription")),
    responses(
        (status = 200, description = "The subscription", body = Subscription),
        (status = 400, description = "Not an id", body = RestError),
        (status = 401, description = "No valid key or token, or no right for anonymous callers", body = RestError),
        (status = 403, description = "Not an administrator", body = RestError),
        (status = 404, description = "No such subscription", body = RestError),
    ),
    security(("api_key" = []), ("bearer" = [])),
)]
#[get("/webhooks/{id}")]
pub(crate) async fn read(
    state: web::Data<AppState>,
    id: web::Path<String>,
    request: HttpRequest,
) -> HttpResponse {
    answer_for(&state, &request, &id, async |administrator, id| {
        let found = known(&state, &administrator.client, id).await?;
        Ok(HttpResponse::Ok().json(found))
    })
    .await
}

/// Changes a subscription; what is not sent stays.
#[utoipa::path(
    operation_id = "update_webhook",
    tag = "webhooks",
    params(("id" = uuid::Uuid, Path, description = "Id of the subscription")),
    request_body = UpdateInput,
    responses(
        (status = 200, description = "The subscription after the change", body = Subscription),
        (status = 400, description = "The address or an event cannot be used", body = RestError),
        (status = 401, description = "No valid key or token, or no right for anonymous callers", body = RestError),
        (status = 403, description = "Not an administrator", body = RestError),
        (status = 404, description = "No such subscription", body = RestError),
        (status = 410, description = "An event of version 1, after its end", body = RestError),
        (status = 413, description = "The body is too large", body = RestError),
    ),
    security(("api_key" = []), ("bearer" = [])),
)]
#[patch("/webhooks/{id}")]
pub(crate) async fn update(
    state: web::Data<AppState>,
    id: web::Path<String>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    answer_for(&state, &request, &id, async |administrator, id| {
        let sent: UpdateInput = super::read(payload).await?;
        let reach = state.config().crm.webhooks.reach;
        let change = Change {
            url: sent.url.map(|url| input::url(&url, reach)).transpose()?,
            events: sent.events.map(input::events).transpose()?,
            description: sent.description.map(input::description).transpose()?,
            enabled: sent.enabled,
        };
        match (&change.events, change.enabled) {
            (Some(events), _) => still_told(&state, events.iter().any(is_version_1))?,
            // It would be told nothing.
            (None, Some(true)) => {
                let before = known(&state, &administrator.client, id).await?;
                still_told(&state, before.events.iter().all(is_version_1))?;
            }
            (None, _) => {}
        }
        let changed = store::update(&administrator.client, id, &change).await;
        let changed = changed.map_err(failed)?;
        let changed = changed.ok_or_else(|| missing("subscription", id))?;
        Ok(HttpResponse::Ok().json(shown(&state, changed)))
    })
    .await
}

/// Ends a subscription. What it was still to be told is forgotten.
#[utoipa::path(
    operation_id = "delete_webhook",
    tag = "webhooks",
    params(("id" = uuid::Uuid, Path, description = "Id of the subscription")),
    responses(
        (status = 204, description = "Ended"),
        (status = 400, description = "Not an id", body = RestError),
        (status = 401, description = "No valid key or token, or no right for anonymous callers", body = RestError),
        (status = 403, description = "Not an administrator", body = RestError),
        (status = 404, description = "No such subscription", body = RestError),
    ),
    security(("api_key" = []), ("bearer" = [])),
)]
#[delete("/webhooks/{id}")]
pub(crate) async fn delete(
    state: web::Data<AppState>,
    id: web::Path<String>,
    request: HttpRequest,
) -> HttpResponse {
    answer_for(&state, &request, &id, async |administrator, id| {
        let was_there = store::delete(&administrator.client, id).await;
        match was_there.map_err(failed)? {
            true => Ok(HttpResponse::NoContent().finish()),
            false => Err(missing("subscription", id)),
        }
    })
    .await
}

/// Replaces the signing secret; for a while requests are signed with both.
#[utoipa::path(
    operation_id = "rotate_webhook_secret",
    tag = "webhooks",
    params(("id" = uuid::Uuid, Path, description = "Id of the subscription")),
    request_body = RotateInput,
    responses(
        (status = 200, description = "The new secret", body = NewSecret),
        (status = 400, description = "The overlap or the secret cannot be used", body = RestError),
        (status = 401, description = "No valid key or token, or no right for anonymous callers", body = RestError),
        (status = 403, description = "Not an administrator", body = RestError),
        (status = 404, description = "No such subscription", body = RestError),
        (status = 413, description = "The body is too large", body = RestError),
    ),
    security(("api_key" = []), ("bearer" = [])),
)]
#[post("/webhooks/{id}/rotate-secret")]
pub(crate) async fn rotate_secret(
    state: web::Data<AppState>,
    id: web::Path<String>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    answer_for(&state, &request, &id, async |administrator, id| {
        let sent: RotateInput = super::read(payload).await?;
        let overlap_s = sent.overlap_s.unwrap_or(DEFAULT_OVERLAP_S);
        if overlap_s > LONGEST_OVERLAP_S {
            return Err(Error::new(&codes::PGRST102, "The overlap is too long")
                .details(format!("It is at most {LONGEST_OVERLAP_S} seconds")));
        }
        let secret = input::secret(sent.secret.as_deref())?;
        let rotated = store::rotate(&administrator.client, id, &secret, overlap_s.into()).await;
        let until = rotated.map_err(failed)?;
        let body = NewSecret {
            previous_secret_until: until.ok_or_else(|| missing("subscription", id))?,
            secret: secret.reveal().to_owned(),
        };
        Ok(HttpResponse::Ok()
            .insert_header(("Cache-Control", "no-store"))
            .json(body))
    })
    .await
}
