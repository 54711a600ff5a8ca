//! The five operations of a typed endpoint, written once: every relation's file names its relation, its
//! models and its words, and gets handlers with their OpenAPI annotations.

use utoipa::IntoResponses;

use super::model::RestError;

/// What every operation answers when it does not do what was asked.
#[derive(Debug, IntoResponses)]
#[allow(dead_code, reason = "the document reads the types")]
pub enum Refused {
    /// The request cannot be understood
    #[response(status = 400)]
    Unreadable(RestError),
    /// No valid key or token, or no right for anonymous callers
    #[response(status = 401)]
    Unknown(RestError),
    /// The role may not do this
    #[response(status = 403)]
    Forbidden(RestError),
}

/// Defines `list`, `read`, `create`, `update` and `delete` and the functions that mount them.
///
/// `collection` and `item` are the paths as actix and OpenAPI read them; the words after each operation are
/// its summary.
macro_rules! typed_endpoint {
    (
        relation: $relation:literal,
        collection: $collection:literal,
        item: $item:literal,
        list: $list:literal,
        read: $read:literal,
        create: $create:literal,
        update: $update:literal,
        delete: $delete:literal,
        row: $row:ident,
        input: $input:ident $(,)?
    ) => {
        use actix_web::http::Method;
        use actix_web::web::{self, ServiceConfig};
        use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post};

        use super::forward;
        use super::model::{$input, $row, RestError};
        use super::resource::Refused;
        use super::params::ItemParams;
        use crate::state::AppState;

        const RELATION: &str = $relation;

        /// Mounts the operations on the collection.
        pub fn configure_collection(services: &mut ServiceConfig) {
            services.service(list).service(create);
        }

        /// Mounts the operations on one row, HEAD and OPTIONS with them; other verbs are refused.
        pub fn configure_items(services: &mut ServiceConfig) {
            services.service(read).service(update).service(delete).service(
                web::resource($item)
                    .route(web::head().to(head))
                    .route(web::method(Method::OPTIONS).to(forward::options))
                    .default_service(web::to(forward::other)),
            );
        }

        async fn head(
            state: web::Data<AppState>,
            id: web::Path<String>,
            request: HttpRequest,
            payload: web::Payload,
        ) -> HttpResponse {
            forward::read(&state, &request, payload, RELATION, &id).await
        }

        #[doc = $list]
        #[utoipa::path(
            operation_id = concat!("list_", $relation),
            tag = $relation,
            responses(
                (status = 200, description = "The rows", body = [$row]),
                (status = 206, description = "A part of the rows that were counted", body = [$row]),
                Refused,
                (status = 416, description = "The range lies outside the result", body = RestError),
            ),
            security(("api_key" = []), ("bearer" = [])),
        )]
        #[get($collection)]
        pub(crate) async fn list(
            state: web::Data<AppState>,
            request: HttpRequest,
            payload: web::Payload,
        ) -> HttpResponse {
            forward::list(&state, &request, payload, RELATION).await
        }

        #[doc = $read]
        #[utoipa::path(
            operation_id = concat!("read_", $relation),
            tag = $relation,
            params(("id" = i64, Path, description = "Id", example = 1), ItemParams),
            responses(
                (status = 200, description = "The row", body = $row),
                Refused,
                (status = 404, description = "No such row, or none that the caller may see", body = RestError),
            ),
            security(("api_key" = []), ("bearer" = [])),
        )]
        #[get($item)]
        pub(crate) async fn read(
            state: web::Data<AppState>,
            id: web::Path<String>,
            request: HttpRequest,
            payload: web::Payload,
        ) -> HttpResponse {
            forward::read(&state, &request, payload, RELATION, &id).await
        }

        #[doc = $create]
        #[utoipa::path(
            operation_id = concat!("create_", $relation),
            tag = $relation,
            request_body = $input,
            responses(
                (status = 201, description = "The row", body = $row),
                (status = 200, description = "Rows merged with existing ones", body = [$row]),
                Refused,
                (status = 409, description = "A unique or foreign key forbids it", body = RestError),
            ),
            security(("api_key" = []), ("bearer" = [])),
        )]
        #[post($collection)]
        pub(crate) async fn create(
            state: web::Data<AppState>,
            request: HttpRequest,
            payload: web::Payload,
        ) -> HttpResponse {
            forward::create::<$input>(&state, &request, payload, RELATION).await
        }

        #[doc = $update]
        #[utoipa::path(
            operation_id = concat!("update_", $relation),
            tag = $relation,
            params(("id" = i64, Path, description = "Id", example = 1), ItemParams),
            request_body = $input,
            responses(
                (status = 200, description = "The row after the change", body = $row),
                Refused,
                (status = 404, description = "No such row, or none that the caller may see", body = RestError),
                (status = 409, description = "A unique or foreign key forbids it", body = RestError),
            ),
            security(("api_key" = []), ("bearer" = [])),
        )]
        #[patch($item)]
        pub(crate) async fn update(
            state: web::Data<AppState>,
            id: web::Path<String>,
            request: HttpRequest,
            payload: web::Payload,
        ) -> HttpResponse {
            forward::update::<$input>(&state, &request, payload, RELATION, &id).await
        }

        #[doc = $delete]
        #[utoipa::path(
            operation_id = concat!("delete_", $relation),
            tag = $relation,
            params(("id" = i64, Path, description = "Id", example = 1)),
            responses(
                (status = 204, description = "Deleted"),
                Refused,
                (status = 404, description = "No such row, or none that the caller may see", body = RestError),
            ),
            security(("api_key" = []), ("bearer" = [])),
        )]
        #[delete($item)]
        pub(crate) async fn delete(
            state: web::Data<AppState>,
            id: web::Path<String>,
            request: HttpRequest,
            payload: web::Payload,
        ) -> HttpResponse {
            forward::delete(&state, &request, payload, RELATION, &id).await
        }
    };
}

pub(crate) use typed_endpoint;
