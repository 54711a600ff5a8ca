//! The OpenAPI 3.1 document: the typed endpoints from their annotations, the relations and functions of
//! the CRM from its catalogue, the services from descriptions whose examples a test runs.
//!
//! `openapi/openapi.json` is this document, checked in; a test fails when it is stale.

mod assemble;
mod auth;
mod columns;
mod examples;
mod functions;
mod grammar;
mod nested;
mod operation;
pub mod relations;
mod retired;
mod storage;

use std::sync::LazyLock;

use serde_json::Value;
use utoipa::openapi::Components;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use crate::auth::token::Session;
use crate::auth::user::User;
use crate::crm::model::RestError;
use crate::crm::{contact_organizations, deals, opportunities, opportunity_participants};
use crate::webhooks::routes as webhooks;

/// The document.
#[derive(Debug, OpenApi)]
#[openapi(
    info(
        title = "oppbase",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    paths(
        opportunities::list, opportunities::read, opportunities::create,
        opportunities::update, opportunities::delete,
        contact_organizations::list, contact_organizations::read, contact_organizations::create,
        contact_organizations::update, contact_organizations::delete,
        opportunity_participants::list, opportunity_participants::read,
        opportunity_participants::create, opportunity_participants::update,
        opportunity_participants::delete,
        deals::list, deals::read, deals::create, deals::update, deals::delete,
        webhooks::subscriptions::subscribe, webhooks::subscriptions::list,
        webhooks::subscriptions::read, webhooks::subscriptions::update,
        webhooks::subscriptions::delete, webhooks::subscriptions::rotate_secret,
        webhooks::test::test, webhooks::deliveries::list, webhooks::deliveries::replay,
        webhooks::deliveries::replay_dead,
    ),
    tags(
        (name = "opportunities", description = "What may be sold, to whom, how far it has come"),
        (name = "contact_organizations", description = "Which contact belongs to which organisations"),
        (name = "opportunity_participants", description = "Organisations taking part in an opportunity"),
        (name = "deals", description = "The old name of opportunities; use /opportunities"),
        (name = "webhooks", description = "Who is told of what happens, for administrators"),
    ),
    components(schemas(RestError, Session, User)),
    modifiers(&SecuritySchemes),
)]
struct Document;

/// Adds the two ways to say who one is.
struct SecuritySchemes;

impl Modify for SecuritySchemes {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_with(Components::default);
        components.add_security_scheme(
            "api_key",
            SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(
                "apikey",
                "The anon or service key, or a publishable or secret key",
            ))),
        );
        components.add_security_scheme(
            "bearer",
            SecurityScheme::Http(
                HttpBuilder::new()
                    .scheme(HttpAuthScheme::Bearer)
                    .bearer_format("JWT")
                    .description(Some("A user's access token from /auth/v1/token"))
                    .build(),
            ),
        );
    }
}

/// The generated part for the relations; a test keeps it equal to the schema.
const RELATIONS: &str = include_str!("../../openapi/relations.json");

/// The document as indented JSON, ending with a line feed.
pub fn json() -> &'static str {
    static JSON: LazyLock<String> = LazyLock::new(|| {
        let mut text = serde_json::to_string_pretty(document()).expect("a document serialises");
        text.push('\n');
        text
    });
    &JSON
}

/// The document.
pub fn document() -> &'static Value {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
        let typed = Document::openapi();
        let typed = serde_json::to_value(typed).expect("a generated document serialises");
        assemble::assemble(typed, RELATIONS)
    });
    &DOCUMENT
}
