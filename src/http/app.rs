//! The URL space. Public, so that tests mount what production mounts.

use actix_web::web::{self, ServiceConfig};

use super::rest_route::{self, MountPoint};
use crate::config::Profile;
use crate::state::AppState;

/// Mounts every service of the profile.
pub fn configure(state: web::Data<AppState>) -> impl FnOnce(&mut ServiceConfig) {
    move |services| {
        let profile = state.config().profile;
        services.app_data(state);
        match profile {
            Profile::Postgrest => {
                services
                    .app_data(web::Data::new(MountPoint("")))
                    .default_service(web::to(rest_route::handle));
            }
            Profile::Crm => {
                services.app_data(web::Data::new(MountPoint("/rest/v1"))).service(
                    web::scope("/rest/v1").default_service(web::to(rest_route::handle)),
                );
            }
        }
    }
}
