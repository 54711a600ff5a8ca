//! `/deals`: Deals: the old name of opportunities, in the old vocabulary. Use `/opportunities`.

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post};

use super::forward;
use super::model::{Deal, DealInput, RestError};
use super::params::{CommonHeaders, CreateParams, ItemParams, ListParams};
use crate::state::AppState;

const RELATION: &str = "deals";

/// Mounts the operations on the collection.
pub fn configure_collection(services: &mut ServiceConfig) {
    services.service(list).service(create);
}

/// Mounts the operations on one row.
pub fn configure_items(services: &mut ServiceConfig) {
    services.service(read).service(update).service(delete);
}

/// Lists deals.
#[utoipa::path(
    operation_id = "list_deals",
    tag = "deals",
    params(ListParams, CommonHeaders),
    responses(
        (status = 200, description = "The rows", body = [Deal]),
        (status = 206, description = "A part of the rows that were counted", body = [Deal]),
        (status = 400, description = "The request cannot be understood", body = RestError),
        (status = 401, description = "No valid key or token, or no right for anonymous callers", body = RestError),
        (status = 403, description = "The role may not do this", body = RestError),
        (status = 416, description = "The range lies outside the result", body = RestError),
    ),
    security(("api_key" = []), ("bearer" = [])),
)]
#[get("/deals")]
pub(crate) async fn list(
    state: web::Data<AppState>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    forward::list(&state, &request, payload, RELATION).await
}

/// Returns one deal.
#[utoipa::path(
    operation_id = "read_deals",
    tag = "deals",
    params(("id" = i64, Path, description = "Id", example = 1), ItemParams),
    responses(
        (status = 200, description = "The row", body = Deal),
        (status = 400, description = "The request cannot be understood", body = RestError),
        (status = 401, description = "No valid key or token, or no right for anonymous callers", body = RestError),
        (status = 403, description = "The role may not do this", body = RestError),
        (status = 404, description = "No such row, or none that the caller may see", body = RestError),
    ),
    security(("api_key" = []), ("bearer" = [])),
)]
#[get("/deals/{id}")]
pub(crate) async fn read(
    state: web::Data<AppState>,
    id: web::Path<String>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    forward::read(&state, &request, payload, RELATION, &id).await
}

/// Creates a deal; a list creates several.
#[utoipa::path(
    operation_id = "create_deals",
    tag = "deals",
    params(CreateParams, CommonHeaders),
    request_body = DealInput,
    responses(
        (status = 201, description = "The row", body = Deal),
        (status = 200, description = "Rows merged with existing ones", body = [Deal]),
        (status = 400, description = "The request cannot be understood", body = RestError),
        (status = 401, description = "No valid key or token, or no right for anonymous callers", body = RestError),
        (status = 403, description = "The role may not do this", body = RestError),
        (status = 409, description = "A unique or foreign key forbids it", body = RestError),
    ),
    security(("api_key" = []), ("bearer" = [])),
)]
#[post("/deals")]
pub(crate) async fn create(
    state: web::Data<AppState>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    forward::create::<DealInput>(&state, &request, payload, RELATION).await
}

/// Changes the sent columns of one deal.
#[utoipa::path(
    operation_id = "update_deals",
    tag = "deals",
    params(("id" = i64, Path, description = "Id", example = 1), ItemParams),
    request_body = DealInput,
    responses(
        (status = 200, description = "The row after the change", body = Deal),
        (status = 400, description = "The request cannot be understood", body = RestError),
        (status = 401, description = "No valid key or token, or no right for anonymous callers", body = RestError),
        (status = 403, description = "The role may not do this", body = RestError),
        (status = 404, description = "No such row, or none that the caller may see", body = RestError),
        (status = 409, description = "A unique or foreign key forbids it", body = RestError),
    ),
    security(("api_key" = []), ("bearer" = [])),
)]
#[patch("/deals/{id}")]
pub(crate) async fn update(
    state: web::Data<AppState>,
    id: web::Path<String>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    forward::update::<DealInput>(&state, &request, payload, RELATION, &id).await
}

/// Deletes one deal and what hangs on it.
#[utoipa::path(
    operation_id = "delete_deals",
    tag = "deals",
    params(("id" = i64, Path, description = "Id", example = 1)),
    responses(
        (status = 204, description = "Deleted"),
        (status = 400, description = "The request cannot be understood", body = RestError),
        (status = 401, description = "No valid key or token, or no right for anonymous callers", body = RestError),
        (status = 403, description = "The role may not do this", body = RestError),
        (status = 404, description = "No such row, or none that the caller may see", body = RestError),
    ),
    security(("api_key" = []), ("bearer" = [])),
)]
#[delete("/deals/{id}")]
pub(crate) async fn delete(
    state: web::Data<AppState>,
    id: web::Path<String>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    forward::delete(&state, &request, payload, RELATION, &id).await
}
