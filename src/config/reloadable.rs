//! What a reload may change: everything but the options whose row in [`super::options`] says that they
//! do not reload (addresses, sockets, connection string, pool sizes, the store, the profile). Pure.

use super::{Config, DatabaseConfig, Profile, ServerConfig};

impl Config {
    /// `self`, freshly read, with the values of `start` for the options that need a restart.
    #[must_use]
    pub fn keeping_fixed_of(self, start: &Config) -> Config {
        Config {
            profile: start.profile,
            server: ServerConfig {
                cors_allowed_origins: self.server.cors_allowed_origins,
                trace_header: self.server.trace_header,
                timing_enabled: self.server.timing_enabled,
                ..start.server.clone()
            },
            database: DatabaseConfig {
                pool_automatic_recovery: self.database.pool_automatic_recovery,
                prepared_statements: self.database.prepared_statements,
                channel: self.database.channel,
                channel_enabled: self.database.channel_enabled,
                in_db_config: self.database.in_db_config,
                pre_config: self.database.pre_config,
                ..start.database.clone()
            },
            crm: start.crm.clone(),
            // The CRM's server issues the tokens that it verifies: both sides change with a restart.
            jwt: match start.profile {
                Profile::Crm => start.jwt.clone(),
                Profile::Postgrest => self.jwt,
            },
            storage: start.storage.clone(),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::options::OPTIONS;
    use crate::config::value::Kind;

    #[test]
    fn options_change_with_a_reload_exactly_when_their_row_says_so() {
        let start = Config {
            profile: Profile::Postgrest,
            ..Config::default()
        };
        for option in OPTIONS {
            let other = match (option.name, option.kind) {
                ("profile", _) => "crm",
                ("auth-otp-length", _) => "8",
                ("auth-signing-keys", _) => "[]",
                ("auth-trusted-proxies", _) => "10.0.0.1",
                ("smtp-tls", _) => "implicit",
                ("webhook-allow-private", _) => "loopback",
                ("webhook-timeout-ms", _) => "170",
                ("client-error-verbosity", _) => "minimal",
                ("db-tx-end", _) => "rollback",
                ("legacy-sunset", _) => "2027-01-31",
                ("log-level", _) => "debug",
                ("openapi-mode", _) => "disabled",
                ("openapi-server-proxy-uri" | "public-url" | "storage-s3-endpoint", _) => {
                    "https://example.com/x"
                }
                ("jwt-secret", _) => "another-secret-with-32-characters",
                (_, Kind::Integer) => "17",
                (_, Kind::Octal) => "777",
                (_, Kind::Boolean) => "true",
                _ => "another",
            };
            let mut fresh = start.clone();
            option.set(&mut fresh, other).expect(option.name);
            if fresh == start {
                option.set(&mut fresh, "false").expect(option.name);
            }
            assert_ne!(fresh, start, "{}: the test changes nothing", option.name);
            let reloaded = fresh.clone().keeping_fixed_of(&start);
            assert_eq!(reloaded != start, option.reloadable, "{}", option.name);
        }
    }

    #[test]
    fn the_crm_keeps_the_keys_it_started_with() {
        let start = Config::default();
        let mut fresh = start.clone();
        fresh.jwt.secret = Some("another-secret-with-32-characters".into());
        assert_eq!(fresh.keeping_fixed_of(&start), start);
    }
}
