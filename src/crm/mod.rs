//! The CRM's own endpoints: annotated for OpenAPI, typed, and run by the same engine as `/rest/v1`.
//!
//! A handler documents and validates; then it hands the request to the pipeline
//! ([`crate::rest::routes::run`]). Collections take the whole query grammar of `/rest/v1`; `/{id}`
//! works on one row and answers 404 when there is none that the caller may see.

pub mod contact_organizations;
pub mod deals;
mod forward;
pub mod model;
pub mod opportunities;
pub mod opportunity_participants;
pub mod params;
mod resource;

use actix_web::web::{self, ServiceConfig};

/// Mounts the typed endpoints at the root. What a collection has no typed operation for (HEAD, PUT,
/// bulk PATCH and DELETE) goes to the engine as it is.
pub fn configure(services: &mut ServiceConfig) {
    opportunities::configure_collection(services);
    contact_organizations::configure_collection(services);
    opportunity_participants::configure_collection(services);
    deals::configure_collection(services);
    configure_items(services);
    for relation in RELATIONS {
        services.service(
            web::resource(format!("/{relation}"))
                .default_service(web::to(crate::rest::routes::handle_at_root)),
        );
    }
}

/// Mounts `/{relation}/{id}`, also below `/rest/v1`, whose collections are the engine's own.
pub fn configure_items(services: &mut ServiceConfig) {
    opportunities::configure_items(services);
    contact_organizations::configure_items(services);
    opportunity_participants::configure_items(services);
    deals::configure_items(services);
}

/// Relations with typed endpoints.
pub const RELATIONS: [&str; 4] = [
    "opportunities",
    "contact_organizations",
    "opportunity_participants",
    "deals",
];
