//! `/contact_organizations`: Which contact belongs to which organisations, in which role.

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post};

use super::forward;
use super::model::{ContactOrganization, ContactOrganizationInput, RestError};
use super::params::{CommonHeaders, CreateParams, ItemParams, ListParams};
use crate::state::AppState;

const RELATION: &str = "contact_organizations";

/// Mounts the operations on the collection.
pub fn configure_collection(services: &mut ServiceConfig) {
    services.service(list).service(create);
}

/// Mounts the operations on one row.
pub fn configure_items(services: &mut ServiceConfig) {
    services.service(read).service(update).service(delete);
}

/// Lists contact-organisation relations.
#[utoipa::path(
    operation_id = "list_contact_organizations",
    tag = "contact_organizations",
    params(ListParams, CommonHeaders),
    responses(
        (status = 200, description = "The rows", body = [ContactOrganization]),
        (status = 206, description = "A part of the rows that were counted", body = [ContactOrganization]),
        (status = 400, description = "The request cannot be understood", body = RestError),
        (status = 401, description = "No valid key or token, or no right for anonymous callers", body = RestError),
        (status = 403, description = "The role may not do this", body = RestError),
        (status = 416, description = "The range lies outside the result", body = RestError),
    ),
    security(("api_key" = []), ("bearer" = [])),
)]
#[get("/contact_organizations")]
pub(crate) async fn list(
    state: web::Data<AppState>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    forward::list(&state, &request, payload, RELATION).await
}

/// Returns one contact-organisation relation.
#[utoipa::path(
    operation_id = "read_contact_organizations",
    tag = "contact_organizations",
    params(("id" = i64, Path, description = "Id", example = 1), ItemParams),
    responses(
        (status = 200, description = "The row", body = ContactOrganization),
        (status = 400, description = "The request cannot be understood", body = RestError),
        (status = 401, description = "No valid key or token, or no right for anonymous callers", body = RestError),
        (status = 403, description = "The role may not do this", body = RestError),
        (status = 404, description = "No such row, or none that the caller may see", body = RestError),
    ),
    security(("api_key" = []), ("bearer" = [])),
)]
#[get("/contact_organizations/{id}")]
pub(crate) async fn read(
    state: web::Data<AppState>,
    id: web::Path<String>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    forward::read(&state, &request, payload, RELATION, &id).await
}

/// Creates a contact-organisation relation; a list creates several.
#[utoipa::path(
    operation_id = "create_contact_organizations",
    tag = "contact_organizations",
    params(CreateParams, CommonHeaders),
    request_body = ContactOrganizationInput,
    responses(
        (status = 201, description = "The row", body = ContactOrganization),
        (status = 200, description = "Rows merged with existing ones", body = [ContactOrganization]),
        (status = 400, description = "The request cannot be understood", body = RestError),
        (status = 401, description = "No valid key or token, or no right for anonymous callers", body = RestError),
        (status = 403, description = "The role may not do this", body = RestError),
        (status = 409, description = "A unique or foreign key forbids it", body = RestError),
    ),
    security(("api_key" = []), ("bearer" = [])),
)]
#[post("/contact_organizations")]
pub(crate) async fn create(
    state: web::Data<AppState>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    forward::create::<ContactOrganizationInput>(&state, &request, payload, RELATION).await
}

/// Changes the sent columns of one contact-organisation relation.
#[utoipa::path(
    operation_id = "update_contact_organizations",
    tag = "contact_organizations",
    params(("id" = i64, Path, description = "Id", example = 1), ItemParams),
    request_body = ContactOrganizationInput,
    responses(
        (status = 200, description = "The row after the change", body = ContactOrganization),
        (status = 400, description = "The request cannot be understood", body = RestError),
        (status = 401, description = "No valid key or token, or no right for anonymous callers", body = RestError),
        (status = 403, description = "The role may not do this", body = RestError),
        (status = 404, description = "No such row, or none that the caller may see", body = RestError),
        (status = 409, description = "A unique or foreign key forbids it", body = RestError),
    ),
    security(("api_key" = []), ("bearer" = [])),
)]
#[patch("/contact_organizations/{id}")]
pub(crate) async fn update(
    state: web::Data<AppState>,
    id: web::Path<String>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    forward::update::<ContactOrganizationInput>(&state, &request, payload, RELATION, &id).await
}

/// Deletes one contact-organisation relation and what hangs on it.
#[utoipa::path(
    operation_id = "delete_contact_organizations",
    tag = "contact_organizations",
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
#[delete("/contact_organizations/{id}")]
pub(crate) async fn delete(
    state: web::Data<AppState>,
    id: web::Path<String>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    forward::delete(&state, &request, payload, RELATION, &id).await
}
