//! The URL space. Public, so that tests mount what production mounts.

use actix_web::web::{self, ServiceConfig};

use super::{legacy_pages, not_enabled, ui};
use crate::auth::routes::configure as routes_of_auth;
use crate::auth::state::AuthState;
use crate::config::Profile;
use crate::crm;
use crate::functions::{Functions, routes as routes_of_functions};
use crate::pg::session::SessionPool;
use crate::rest::routes::{self, MountPoint};
use crate::state::AppState;
use crate::storage::StorageState;
use crate::storage::routes::configure as routes_of_storage;
use crate::webhooks::routes::configure as routes_of_webhooks;

/// Mounts every service of the profile. Without `auth` (no connection of the owner role), `/auth/v1` is
/// not served; without `storage` (no store configured), `/storage/v1` answers "not enabled". `pool` is the
/// worker's own.
pub fn configure(
    state: web::Data<AppState>,
    pool: SessionPool,
    auth: Option<AuthState>,
    storage: Option<StorageState>,
) -> impl FnOnce(&mut ServiceConfig) {
    move |services| {
        let profile = state.config().profile;
        let functions = auth.as_ref().map(|auth| Functions {
            app: state.clone().into_inner(),
            sessions: pool.clone(),
            auth: auth.clone(),
            storage: storage.clone(),
        });
        services.app_data(state).app_data(web::Data::new(pool));
        match profile {
            Profile::Postgrest => {
                services
                    .app_data(web::Data::new(MountPoint("")))
                    .default_service(web::to(routes::handle));
            }
            Profile::Crm => {
                services
                    .app_data(web::Data::new(MountPoint("/rest/v1")))
                    .service(
                        web::scope("/rest/v1")
                            .configure(crm::configure_items)
                            .default_service(web::to(routes::handle)),
                    );
                if let Some(auth) = auth {
                    services
                        .app_data(web::Data::new(auth))
                        .configure(routes_of_auth);
                }
                match storage {
                    Some(storage) => services.configure(routes_of_storage(storage)),
                    None => services.configure(not_enabled::storage),
                };
                if let Some(functions) = functions {
                    services.app_data(web::Data::new(functions));
                }
                routes_of_functions::configure(services);
                routes_of_webhooks(services);
                not_enabled::realtime(services);
                ui::configure(services);
                legacy_pages::configure(services);
                crm::configure(services);
                services.default_service(web::to(not_enabled::anything_else));
            }
        }
    }
}
