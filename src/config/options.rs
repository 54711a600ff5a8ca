//! The table of options: one row says an option's name, type, default, whether it reloads, what it
//! does, and how its text becomes a field of [`Config`].
//!
//! Readers: [`super::load`] (file and environment), the in-database configuration, `docs/reference`.
//! An option `db-pool` is `OPPBASE_DB_POOL` or `PGRST_DB_POOL` in the environment, `db-pool` in a
//! file, and `pgrst.db_pool` in the database where that is allowed. An empty text counts as "not
//! given", except where the row says that empty is a value.
//! Source: <https://docs.postgrest.org/en/stable/references/configuration.html>.

use super::value::{
    Kind, Reason, addresses, audience, boolean, choice, identifier, in_range, integer, json_array,
    jwt_secret, list, moment, octal_mode, proxy_uri, text, trimmed_url,
};
use crate::outbound::Reach;

use super::{Config, ErrorVerbosity, LogLevel, OpenApiMode, Profile, SmtpTls, TxEnd};

/// Applies an option's text.
type Setter = fn(&mut Config, &str) -> Result<(), Reason>;

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct OptionSpec {
    /// Name in files, with dashes.
    pub name: &'static str,
    /// Older names, of files and (in the same spelling as others) of the environment.
    pub aliases: &'static [&'static str],
    /// What the text must look like.
    pub kind: Kind,
    /// Default, as text for the reference page; empty: not set.
    pub default: &'static str,
    /// A reload (SIGUSR2, `NOTIFY pgrst, 'reload config'`) applies a new value.
    pub reloadable: bool,
    /// May be set in the database as `pgrst.<name with underscores>`.
    pub in_database: bool,
    /// An empty text is a value of its own.
    pub empty_is_a_value: bool,
    /// Not an option of PostgREST.
    pub is_ours: bool,
    /// One or two sentences for the reference page.
    pub doc: &'static str,
    setter: Setter,
}

impl OptionSpec {
    /// Applies a text to the configuration. An empty text changes nothing where it is no value.
    ///
    /// # Errors
    /// What is wrong with the text, as the end of a sentence.
    pub fn set(&self, config: &mut Config, raw: &str) -> Result<(), Reason> {
        if raw.is_empty() && !self.empty_is_a_value {
            return Ok(());
        }
        (self.setter)(config, raw)
    }

    /// `DB_POOL`: the environment's name without its prefix.
    pub fn env_suffix(&self) -> String {
        env_suffix(self.name)
    }

    const fn alias(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    const fn reloadable(mut self) -> Self {
        self.reloadable = true;
        self
    }

    const fn in_database(mut self) -> Self {
        self.reloadable = true;
        self.in_database = true;
        self
    }

    const fn emptyable(mut self) -> Self {
        self.empty_is_a_value = true;
        self
    }

    const fn ours(mut self) -> Self {
        self.is_ours = true;
        self
    }
}

/// `db-pool` -> `DB_POOL`
pub(super) fn env_suffix(name: &str) -> String {
    name.replace(['-', '.'], "_").to_uppercase()
}

/// The row of a name or an alias, as a file writes it.
pub fn find(name: &str) -> Option<&'static OptionSpec> {
    OPTIONS
        .iter()
        .find(|option| option.name == name || option.aliases.contains(&name))
}

/// The row of an in-database setting without its `pgrst.`, for example `db_schemas`.
pub fn find_in_database(name: &str) -> Option<&'static OptionSpec> {
    find(&name.replace('_', "-")).filter(|option| option.in_database)
}

const fn option(
    name: &'static str,
    kind: Kind,
    default: &'static str,
    doc: &'static str,
    setter: Setter,
) -> OptionSpec {
    OptionSpec {
        name,
        aliases: &[],
        kind,
        default,
        reloadable: false,
        in_database: false,
        empty_is_a_value: false,
        is_ours: false,
        doc,
        setter,
    }
}

/// Every option, by name within its topic. `app.settings.*` has no row: its names are the user's.
pub static OPTIONS: &[OptionSpec] = &[
    // ---- which product
    option(
        "profile",
        Kind::Text,
        "",
        "`crm` (all services) or `postgrest` (the REST engine alone, at `/`). Without it: \
         `postgrest` when the environment has `PGRST_*` options and no `OPPBASE_*` ones, else `crm`.",
        |config, raw| {
            config.profile = choice(
                raw,
                &[("crm", Profile::Crm), ("postgrest", Profile::Postgrest)],
            )?;
            Ok(())
        },
    )
    .ours(),
    // ---- admin server
    option(
        "admin-server-host",
        Kind::Text,
        "",
        "Address of the admin server; that of the main server when not set.",
        |config, raw| {
            config.server.admin_host = Some(raw.into());
            Ok(())
        },
    ),
    option(
        "admin-server-port",
        Kind::Integer,
        "",
        "Port of the admin server (`/live`, `/ready`, `/metrics`, …), different from the main one. \
         Not set: no admin server.",
        |config, raw| {
            config.server.admin_port = Some(integer(raw)?);
            Ok(())
        },
    ),
    option(
        "admin-server-unix-socket",
        Kind::Text,
        "",
        "Unix socket of the admin server, instead of its port.",
        |config, raw| {
            config.server.admin_unix_socket = Some(raw.into());
            Ok(())
        },
    ),
    option(
        "admin-server-unix-socket-mode",
        Kind::Octal,
        "660",
        "File mode of that socket, octal, 600 to 777.",
        |config, raw| {
            config.server.admin_unix_socket_mode = octal_mode(raw)?;
            Ok(())
        },
    ),
    // ---- errors
    option(
        "client-error-verbosity",
        Kind::Text,
        "verbose",
        "`verbose`: errors have code, message, details and hint; `minimal`: code and message.",
        |config, raw| {
            config.rest.error_verbosity = choice(
                raw,
                &[
                    ("verbose", ErrorVerbosity::Verbose),
                    ("minimal", ErrorVerbosity::Minimal),
                ],
            )?;
            Ok(())
        },
    )
    .in_database(),
    // ---- database
    option(
        "db-admin-uri",
        Kind::Text,
        "",
        "Connection string of the role that owns the schema, for what only the server may do: \
         `db init`, sign-ups, sessions.",
        |config, raw| {
            config.database.admin_uri = Some(raw.into());
            Ok(())
        },
    )
    .ours(),
    option(
        "db-aggregates-enabled",
        Kind::Boolean,
        "false",
        "Allows aggregate functions in `select`.",
        |config, raw| {
            config.rest.aggregates_enabled = boolean(raw)?;
            Ok(())
        },
    )
    .in_database(),
    option(
        "db-anon-role",
        Kind::Text,
        "",
        "Role of requests without a token; not set: they are refused. The CRM's default is `anon`.",
        |config, raw| {
            config.rest.anon_role = Some(raw.into());
            Ok(())
        },
    )
    .in_database(),
    option(
        "db-channel",
        Kind::Text,
        "pgrst",
        "Notification channel for reloads.",
        |config, raw| {
            config.database.channel = raw.into();
            Ok(())
        },
    )
    .reloadable(),
    option(
        "db-channel-enabled",
        Kind::Boolean,
        "true",
        "Listens on the channel. Turn it off behind a pooler in transaction mode.",
        |config, raw| {
            config.database.channel_enabled = boolean(raw)?;
            Ok(())
        },
    )
    .reloadable(),
    option(
        "db-config",
        Kind::Boolean,
        "true",
        "Reads options from the database.",
        |config, raw| {
            config.database.in_db_config = boolean(raw)?;
            Ok(())
        },
    )
    .reloadable(),
    option(
        "db-extra-search-path",
        Kind::List,
        "public",
        "Schemas added to the search path of every request, without endpoints of their own.",
        |config, raw| {
            config.rest.extra_search_path = list(raw);
            Ok(())
        },
    )
    .emptyable()
    .in_database(),
    option(
        "db-hoisted-tx-settings",
        Kind::List,
        "statement_timeout, plan_filter.statement_cost_limit, default_transaction_isolation",
        "Settings of a function that apply to the whole transaction that calls it.",
        |config, raw| {
            config.rest.hoisted_tx_settings = list(raw);
            Ok(())
        },
    )
    .in_database(),
    option(
        "db-max-rows",
        Kind::Integer,
        "",
        "Most rows that an answer has.",
        |config, raw| {
            config.rest.max_rows = Some(integer(raw)?);
            Ok(())
        },
    )
    .alias(&["max-rows"])
    .in_database(),
    option(
        "db-plan-enabled",
        Kind::Boolean,
        "false",
        "Answers `Accept: application/vnd.pgrst.plan` with the execution plan.",
        |config, raw| {
            config.rest.plan_enabled = boolean(raw)?;
            Ok(())
        },
    )
    .in_database(),
    option(
        "db-pool",
        Kind::Integer,
        "10",
        "Most connections that the pool holds.",
        |config, raw| {
            config.database.pool_size = integer(raw)?;
            Ok(())
        },
    ),
    option(
        "db-pool-acquisition-timeout",
        Kind::Integer,
        "10",
        "Seconds that a request waits for a connection.",
        |config, raw| {
            config.database.pool_acquisition_timeout_s = integer(raw)?;
            Ok(())
        },
    ),
    option(
        "db-pool-automatic-recovery",
        Kind::Boolean,
        "true",
        "Connects again after a loss; without it the process ends.",
        |config, raw| {
            config.database.pool_automatic_recovery = boolean(raw)?;
            Ok(())
        },
    )
    .reloadable(),
    option(
        "db-pool-max-idletime",
        Kind::Integer,
        "30",
        "Seconds after which an idle connection is closed.",
        |config, raw| {
            config.database.pool_max_idletime_s = integer(raw)?;
            Ok(())
        },
    )
    .alias(&["db-pool-timeout"]),
    option(
        "db-pool-max-lifetime",
        Kind::Integer,
        "1800",
        "Seconds after which a connection is replaced.",
        |config, raw| {
            config.database.pool_max_lifetime_s = integer(raw)?;
            Ok(())
        },
    ),
    option(
        "db-pre-config",
        Kind::Identifier,
        "",
        "Function that sets in-database options.",
        |config, raw| {
            config.database.pre_config = Some(identifier(raw));
            Ok(())
        },
    )
    .in_database(),
    option(
        "db-pre-request",
        Kind::Identifier,
        "",
        "Function that runs in every request, after role and claims are set.",
        |config, raw| {
            config.rest.pre_request = Some(identifier(raw));
            Ok(())
        },
    )
    .alias(&["pre-request"])
    .in_database(),
    option(
        "db-prepared-statements",
        Kind::Boolean,
        "true",
        "Prepares statements. Turn it off behind a pooler in transaction mode.",
        |config, raw| {
            config.database.prepared_statements = boolean(raw)?;
            Ok(())
        },
    )
    .in_database(),
    option(
        "db-root-spec",
        Kind::Identifier,
        "",
        "Function that answers at the root instead of the OpenAPI document.",
        |config, raw| {
            config.rest.root_spec = Some(identifier(raw));
            Ok(())
        },
    )
    .alias(&["root-spec"])
    .in_database(),
    option(
        "db-schemas",
        Kind::List,
        "public",
        "Schemas with endpoints, the default one first.",
        |config, raw| {
            config.rest.schemas = super::value::exposed_schemas(raw)?;
            Ok(())
        },
    )
    .alias(&["db-schema"])
    .in_database(),
    option(
        "db-tx-end",
        Kind::Text,
        "commit",
        "How transactions end: `commit`, `rollback`, and `commit-allow-override`, \
         `rollback-allow-override` where `Prefer: tx=` may choose.",
        |config, raw| {
            let end = |rollback, allow_override| TxEnd {
                rollback,
                allow_override,
            };
            config.rest.tx_end = choice(
                raw,
                &[
                    ("commit", end(false, false)),
                    ("commit-allow-override", end(false, true)),
                    ("rollback", end(true, false)),
                    ("rollback-allow-override", end(true, true)),
                ],
            )?;
            Ok(())
        },
    )
    .in_database(),
    option(
        "db-uri",
        Kind::Text,
        "postgresql://",
        "Connection string of the role that requests start from (`authenticator`), as URI or \
         `key=value`; what it leaves out comes from `PGHOST` and its kin. `@path` reads it from a file.",
        |config, raw| {
            config.database.uri = raw.into();
            Ok(())
        },
    ),
    // ---- tokens
    option(
        "jwt-aud",
        Kind::Text,
        "",
        "Audience that tokens must have.",
        |config, raw| {
            config.jwt.audience = Some(audience(raw)?);
            Ok(())
        },
    )
    .in_database(),
    option(
        "jwt-cache-max-entries",
        Kind::Integer,
        "1000",
        "Verified tokens kept in memory; 0: none.",
        |config, raw| {
            config.jwt.cache_max_entries = integer(raw)?;
            Ok(())
        },
    )
    .in_database(),
    option(
        "jwt-role-claim-key",
        Kind::Text,
        "$.role",
        "JSONPath of the claim that names the role.",
        |config, raw| {
            config.jwt.role_claim_key = raw.into();
            Ok(())
        },
    )
    .alias(&["role-claim-key"])
    .in_database(),
    option(
        "jwt-secret",
        Kind::Secret,
        "",
        "Secret of at least 32 characters, a JSON Web Key or a key set, for verifying tokens. \
         `@path` reads it from a file.",
        |config, raw| {
            config.jwt.secret = Some(jwt_secret(raw)?);
            Ok(())
        },
    )
    .in_database(),
    option(
        "jwt-secret-is-base64",
        Kind::Boolean,
        "false",
        "The secret is base64 text of the real one.",
        |config, raw| {
            config.jwt.secret_is_base64 = boolean(raw)?;
            Ok(())
        },
    )
    .alias(&["secret-is-base64"])
    .in_database(),
    // ---- log
    option(
        "log-level",
        Kind::Text,
        "error",
        "`crit`, `error` (answers of 500 and more), `warn` (400 and more), `info` (every request), \
         `debug`.",
        |config, raw| {
            config.log.level = choice(
                raw,
                &[
                    ("crit", LogLevel::Crit),
                    ("error", LogLevel::Error),
                    ("warn", LogLevel::Warn),
                    ("info", LogLevel::Info),
                    ("debug", LogLevel::Debug),
                ],
            )?;
            Ok(())
        },
    )
    .reloadable(),
    option(
        "log-query",
        Kind::Boolean,
        "false",
        "Logs the SQL of a request that is logged.",
        |config, raw| {
            config.log.query = boolean(raw)?;
            Ok(())
        },
    )
    .reloadable(),
    // ---- OpenAPI
    option(
        "openapi-mode",
        Kind::Text,
        "follow-privileges",
        "What the root document shows: `follow-privileges`, `ignore-privileges`, `disabled`.",
        |config, raw| {
            config.rest.openapi_mode = choice(
                raw,
                &[
                    ("follow-privileges", OpenApiMode::FollowPrivileges),
                    ("ignore-privileges", OpenApiMode::IgnorePrivileges),
                    ("disabled", OpenApiMode::Disabled),
                ],
            )?;
            Ok(())
        },
    )
    .in_database(),
    option(
        "openapi-security-active",
        Kind::Boolean,
        "false",
        "Puts the security scheme into the document.",
        |config, raw| {
            config.rest.openapi_security_active = boolean(raw)?;
            Ok(())
        },
    )
    .in_database(),
    option(
        "openapi-server-proxy-uri",
        Kind::Text,
        "",
        "Public address that the document names, when a proxy stands in front.",
        |config, raw| {
            config.rest.openapi_server_proxy_uri = Some(proxy_uri(raw)?);
            Ok(())
        },
    )
    .in_database(),
    // ---- server
    option(
        "server-cors-allowed-origins",
        Kind::List,
        "",
        "Origins that browsers may call from; not set or empty: any.",
        |config, raw| {
            config.server.cors_allowed_origins = Some(list(raw));
            Ok(())
        },
    )
    .in_database(),
    option(
        "server-host",
        Kind::Text,
        "!4",
        "Address to listen on. `*`, `*4`, `!4`, `*6`, `!6` are any address, IPv4 or IPv6 preferred \
         or alone. The CRM's default is `127.0.0.1`.",
        |config, raw| {
            config.server.host = raw.into();
            Ok(())
        },
    ),
    option(
        "server-max-body-bytes",
        Kind::Integer,
        "52428800",
        "Largest request body.",
        |config, raw| {
            config.server.max_body_bytes = integer(raw)?;
            Ok(())
        },
    )
    .ours(),
    option(
        "server-port",
        Kind::Integer,
        "3000",
        "Port to listen on; 0 picks a free one. The CRM's default is 54321.",
        |config, raw| {
            config.server.port = integer(raw)?;
            Ok(())
        },
    ),
    option(
        "server-reuseport",
        Kind::Boolean,
        "false",
        "Several processes may listen on the same port (`SO_REUSEPORT`).",
        |config, raw| {
            config.server.reuse_port = boolean(raw)?;
            Ok(())
        },
    ),
    option(
        "server-timing-enabled",
        Kind::Boolean,
        "false",
        "Answers carry `Server-Timing`.",
        |config, raw| {
            config.server.timing_enabled = boolean(raw)?;
            Ok(())
        },
    )
    .in_database(),
    option(
        "server-trace-header",
        Kind::Text,
        "",
        "Request header that is repeated in the answer.",
        |config, raw| {
            config.server.trace_header = Some(raw.into());
            Ok(())
        },
    )
    .in_database(),
    option(
        "server-unix-socket",
        Kind::Text,
        "",
        "Unix socket to listen on, instead of the port.",
        |config, raw| {
            config.server.unix_socket = Some(raw.into());
            Ok(())
        },
    ),
    option(
        "server-unix-socket-mode",
        Kind::Octal,
        "660",
        "File mode of that socket, octal, 600 to 777.",
        |config, raw| {
            config.server.unix_socket_mode = octal_mode(raw)?;
            Ok(())
        },
    ),
    option(
        "server-workers",
        Kind::Integer,
        "",
        "Worker threads; not set: one per core.",
        |config, raw| {
            config.server.workers = Some(integer(raw)?);
            Ok(())
        },
    )
    .ours(),
    // ---- URL
    option(
        "url-use-legacy-target-names",
        Kind::Boolean,
        "true",
        "Filters may name an embedded relation that has an alias.",
        |config, raw| {
            config.rest.use_legacy_target_names = boolean(raw)?;
            Ok(())
        },
    )
    .in_database(),
    // ---- the CRM
    option(
        "api-publishable-keys",
        Kind::List,
        "",
        "Opaque API keys of the role `anon`.",
        |config, raw| {
            config.crm.publishable_keys = list(raw);
            Ok(())
        },
    )
    .ours(),
    option(
        "api-secret-keys",
        Kind::SecretList,
        "",
        "Opaque API keys of the role `service_role`.",
        |config, raw| {
            config.crm.secret_keys = list(raw);
            Ok(())
        },
    )
    .ours(),
    option(
        "auth-access-token-ttl",
        Kind::Integer,
        "3600",
        "Seconds that an access token is valid.",
        |config, raw| {
            config.crm.access_token_ttl_s = integer(raw)?;
            Ok(())
        },
    )
    .ours(),
    option(
        "auth-autoconfirm",
        Kind::Boolean,
        "false",
        "New users need not confirm their address.",
        |config, raw| {
            config.crm.mailer_autoconfirm = boolean(raw)?;
            Ok(())
        },
    )
    .alias(&["mailer-autoconfirm"])
    .ours(),
    option(
        "auth-otp-length",
        Kind::Integer,
        "6",
        "Digits of a mailed code, 6 to 10.",
        |config, raw| {
            config.crm.otp_length = in_range(raw, 6..=10)?;
            Ok(())
        },
    )
    .ours(),
    option(
        "auth-otp-ttl",
        Kind::Integer,
        "3600",
        "Seconds that a mailed link or code is valid.",
        |config, raw| {
            config.crm.otp_ttl_s = integer(raw)?;
            Ok(())
        },
    )
    .ours(),
    option(
        "auth-password-min-length",
        Kind::Integer,
        "6",
        "Fewest characters of a password.",
        |config, raw| {
            config.crm.password_min_length = integer(raw)?;
            Ok(())
        },
    )
    .ours(),
    option(
        "auth-rate-limit-failures",
        Kind::Integer,
        "30",
        "Failed sign-ins, per client address and per user, before 429 is answered; refilled over five minutes. 0: no limit.",
        |config, raw| {
            config.crm.rate_limits.failures = integer(raw)?;
            Ok(())
        },
    )
    .ours(),
    option(
        "auth-rate-limit-mails",
        Kind::Integer,
        "30",
        "Requests for a mail, from everybody together, in an hour. 0: no limit.",
        |config, raw| {
            config.crm.rate_limits.mails = integer(raw)?;
            Ok(())
        },
    )
    .ours(),
    option(
        "auth-rate-limit-sign-up",
        Kind::Integer,
        "30",
        "Requests per client address in five minutes, for each of sign-up, recovery, code, resending and changes of the own user. 0: no limit.",
        |config, raw| {
            config.crm.rate_limits.sign_up = integer(raw)?;
            Ok(())
        },
    )
    .ours(),
    option(
        "auth-rate-limit-token",
        Kind::Integer,
        "150",
        "Sign-ins and refreshes per client address in five minutes. 0: no limit.",
        |config, raw| {
            config.crm.rate_limits.token = integer(raw)?;
            Ok(())
        },
    )
    .ours(),
    option(
        "auth-rate-limit-verify",
        Kind::Integer,
        "30",
        "Used links and codes per client address in five minutes. 0: no limit.",
        |config, raw| {
            config.crm.rate_limits.verify = integer(raw)?;
            Ok(())
        },
    )
    .ours(),
    option(
        "auth-redirect-urls",
        Kind::List,
        "",
        "Addresses besides `site-url` that redirects may lead to. `*` stands for a part without `.` and `/`, `**` for anything.",
        |config, raw| {
            config.crm.redirect_urls = list(raw);
            Ok(())
        },
    )
    .ours(),
    option(
        "auth-refresh-token-reuse-interval",
        Kind::Integer,
        "10",
        "Seconds during which a used refresh token still works.",
        |config, raw| {
            config.crm.refresh_token_reuse_interval_s = integer(raw)?;
            Ok(())
        },
    )
    .ours(),
    option(
        "auth-secure-email-change",
        Kind::Boolean,
        "true",
        "A new e-mail address is confirmed at the old address as well.",
        |config, raw| {
            config.crm.secure_email_change = boolean(raw)?;
            Ok(())
        },
    )
    .ours(),
    option(
        "auth-secure-password-change",
        Kind::Boolean,
        "false",
        "A new password needs a mailed code when the session is older than a day.",
        |config, raw| {
            config.crm.secure_password_change = boolean(raw)?;
            Ok(())
        },
    )
    .ours(),
    option(
        "auth-signing-keys",
        Kind::Secret,
        "",
        "JSON array of JSON Web Keys, or `@file` with one. The first private key signs access tokens; all of them, and `jwt-secret`, verify. To rotate, put the new key first and keep the old one for as long as its tokens live.",
        |config, raw| {
            config.crm.signing_keys = Some(json_array(raw)?);
            Ok(())
        },
    )
    .ours(),
    option(
        "auth-signup-disabled",
        Kind::Boolean,
        "false",
        "Nobody can sign up.",
        |config, raw| {
            config.crm.signup_disabled = boolean(raw)?;
            Ok(())
        },
    )
    .ours(),
    option(
        "auth-trusted-proxies",
        Kind::List,
        "",
        "IP addresses of proxies whose `X-Forwarded-For` tells the client's address.",
        |config, raw| {
            config.crm.trusted_proxies = addresses(raw)?;
            Ok(())
        },
    )
    .ours(),
    option(
        "auth-verify-page",
        Kind::Boolean,
        "false",
        "A mailed link opens a page with a button instead of signing in at once, so that mail scanners do not use it up.",
        |config, raw| {
            config.crm.verify_page = boolean(raw)?;
            Ok(())
        },
    )
    .ours(),
    option(
        "mail-folder",
        Kind::Text,
        "",
        "Folder that mails are written to when there is no `smtp-host`; the admin server shows them at `/mail`.",
        |config, raw| {
            config.crm.mail.folder = Some(raw.into());
            Ok(())
        },
    )
    .ours(),
    option(
        "mail-from",
        Kind::Text,
        "CRM <noreply@localhost>",
        "Sender of mails, an address or `Name <address>`.",
        |config, raw| {
            config.crm.mail.from = text(raw);
            Ok(())
        },
    )
    .ours(),
    option(
        "mail-interval",
        Kind::Integer,
        "60",
        "Seconds between two mails of one kind to one user.",
        |config, raw| {
            config.crm.mail.interval_s = integer(raw)?;
            Ok(())
        },
    )
    .ours(),
    option(
        "mail-templates",
        Kind::Text,
        "",
        "Folder with mail templates that replace the embedded ones: `confirmation.html`, `invite.html`, `recovery.html`, `magic_link.html`, `email_change.html`, `reauthentication.html`. Placeholders are those of Supabase, `{{ .ConfirmationURL }}`; the subject is the `<title>`.",
        |config, raw| {
            config.crm.mail.templates_dir = Some(raw.into());
            Ok(())
        },
    )
    .ours(),
    option(
        "frontend-tolerance",
        Kind::Boolean,
        "false",
        "Reads known faults of the real frontends' requests as they were meant, each with a `Warning` \
         header. The CRM's default is `true`.",
        |config, raw| {
            config.rest.frontend_tolerance = boolean(raw)?;
            Ok(())
        },
    )
    .in_database()
    .ours(),
    option(
        "legacy-grace-days",
        Kind::Integer,
        "30",
        "Days during which the old names (`/deals` and what is called after it) are served, counted from \
         the recorded completion of the migration. Afterwards they answer 410.",
        |config, raw| {
            config.legacy.grace_days = integer(raw)?;
            Ok(())
        },
    )
    .in_database()
    .ours(),
    option(
        "legacy-sunset",
        Kind::Text,
        "",
        "The day (`2027-01-31`, UTC) or moment (RFC 3339) from which the old names answer 410, instead of \
         the grace period. A database that was never migrated has no other end.",
        |config, raw| {
            config.legacy.sunset_s = Some(moment(raw)?);
            Ok(())
        },
    )
    .in_database()
    .ours(),
    option(
        "postmark-inbound-address",
        Kind::Text,
        "",
        "The CRM's address for inbound mail; a mail to it alone counts as forwarded.",
        |config, raw| {
            config.crm.postmark.inbound_address = Some(text(raw));
            Ok(())
        },
    )
    .ours(),
    option(
        "postmark-webhook-authorized-ips",
        Kind::List,
        "",
        "Addresses that inbound mail may come from, as the proxy in front passes them on in \
         `X-Forwarded-For`.",
        |config, raw| {
            config.crm.postmark.authorized_ips = list(raw);
            Ok(())
        },
    )
    .ours(),
    option(
        "postmark-webhook-password",
        Kind::Secret,
        "",
        "Password of the inbound mail webhook.",
        |config, raw| {
            config.crm.postmark.password = Some(text(raw));
            Ok(())
        },
    )
    .ours(),
    option(
        "postmark-webhook-user",
        Kind::Text,
        "",
        "User of the inbound mail webhook; without user and password it is closed.",
        |config, raw| {
            config.crm.postmark.user = Some(text(raw));
            Ok(())
        },
    )
    .ours(),
    option(
        "public-url",
        Kind::Text,
        "",
        "Address that clients use; tokens are issued by `<public-url>/auth/v1`. Not set: the address \
         that the server listens on.",
        |config, raw| {
            config.crm.public_url = trimmed_url(raw)?;
            Ok(())
        },
    )
    .ours(),
    option(
        "site-url",
        Kind::Text,
        "http://localhost:5173",
        "Address of the frontend: where mails and redirects lead.",
        |config, raw| {
            config.crm.site_url = text(raw);
            Ok(())
        },
    )
    .ours(),
    option(
        "smtp-host",
        Kind::Text,
        "",
        "Host of the mail server. Not set: no mail leaves; see `mail-folder`.",
        |config, raw| {
            config.crm.mail.smtp_host = Some(raw.into());
            Ok(())
        },
    )
    .ours(),
    option(
        "smtp-password",
        Kind::Secret,
        "",
        "Password at the mail server, or `@file` with it.",
        |config, raw| {
            config.crm.mail.smtp_password = Some(raw.into());
            Ok(())
        },
    )
    .ours(),
    option(
        "smtp-port",
        Kind::Integer,
        "",
        "Port of the mail server. Not set: 465 when `smtp-tls` is `implicit`, else 587.",
        |config, raw| {
            config.crm.mail.smtp_port = Some(integer(raw)?);
            Ok(())
        },
    )
    .ours(),
    option(
        "smtp-tls",
        Kind::Text,
        "",
        "`starttls`, `implicit`, or `none` (only for a server on this machine). Not set: `implicit` on port 465, else `starttls`.",
        |config, raw| {
            config.crm.mail.smtp_tls = Some(choice(
                raw,
                &[
                    ("starttls", SmtpTls::StartTls),
                    ("implicit", SmtpTls::Implicit),
                    ("none", SmtpTls::None),
                ],
            )?);
            Ok(())
        },
    )
    .ours(),
    option(
        "smtp-user",
        Kind::Text,
        "",
        "User at the mail server. Not set: no log-in.",
        |config, raw| {
            config.crm.mail.smtp_user = Some(raw.into());
            Ok(())
        },
    )
    .ours(),
    // ---- storage
    option(
        "storage-dir",
        Kind::Text,
        "",
        "Folder for uploaded files. Without it and without `storage-s3-bucket`, `/storage/v1` is not \
         enabled.",
        |config, raw| {
            config.storage.dir = Some(raw.into());
            Ok(())
        },
    )
    .ours(),
    option(
        "storage-file-size-limit",
        Kind::Integer,
        "52428800",
        "Bytes of the largest file; a bucket may allow less, never more.",
        |config, raw| {
            config.storage.file_size_limit_bytes = integer(raw)?;
            Ok(())
        },
    )
    .ours(),
    option(
        "storage-key-prefix",
        Kind::Text,
        "",
        "Comes before every file's key. `stub/stub` reads the folder of a self-hosted Supabase.",
        |config, raw| {
            config.storage.key_prefix = raw.trim_matches('/').to_owned();
            Ok(())
        },
    )
    .ours(),
    option(
        "storage-s3-access-key-id",
        Kind::Text,
        "",
        "Key for S3. Without it the `AWS_*` environment and the machine's role decide.",
        |config, raw| {
            config.storage.s3.access_key_id = Some(text(raw));
            Ok(())
        },
    )
    .ours(),
    option(
        "storage-s3-bucket",
        Kind::Text,
        "",
        "S3 bucket for uploaded files, instead of a folder. One holds the files of all buckets.",
        |config, raw| {
            config.storage.s3.bucket = Some(text(raw));
            Ok(())
        },
    )
    .ours(),
    option(
        "storage-s3-endpoint",
        Kind::Text,
        "",
        "Address of an S3-compatible store that is not Amazon's.",
        |config, raw| {
            config.storage.s3.endpoint = Some(trimmed_url(raw)?);
            Ok(())
        },
    )
    .ours(),
    option(
        "storage-s3-region",
        Kind::Text,
        "",
        "Region of the S3 bucket.",
        |config, raw| {
            config.storage.s3.region = Some(text(raw));
            Ok(())
        },
    )
    .ours(),
    option(
        "storage-s3-secret-access-key",
        Kind::Secret,
        "",
        "Secret for S3.",
        |config, raw| {
            config.storage.s3.secret_access_key = Some(text(raw));
            Ok(())
        },
    )
    .ours(),
    // ---- webhooks
    option(
        "webhook-allow-private",
        Kind::Text,
        "false",
        "Whether events may be delivered to addresses that are not public: `false`, `loopback` (this \
         machine too, the default of `oppbase dev`), `true` (any).",
        |config, raw| {
            config.crm.webhooks.reach = choice(
                raw,
                &[
                    ("false", Reach::Public),
                    ("loopback", Reach::Loopback),
                    ("true", Reach::Any),
                ],
            )?;
            Ok(())
        },
    )
    .ours(),
    option(
        "webhook-concurrency",
        Kind::Integer,
        "64",
        "Deliveries that one process makes at the same time, 1 to 1000; 0 delivers nothing.",
        |config, raw| {
            config.crm.webhooks.concurrency = in_range(raw, 0..=1000)?;
            Ok(())
        },
    )
    .ours(),
    option(
        "webhook-dead-letter-days",
        Kind::Integer,
        "90",
        "Days that a delivery that was given up is kept for a replay.",
        |config, raw| {
            config.crm.webhooks.dead_letter_days = integer(raw)?;
            Ok(())
        },
    )
    .ours(),
    option(
        "webhook-disable-after-hours",
        Kind::Integer,
        "120",
        "An endpoint that failed for this long without one success is disabled; 0: never.",
        |config, raw| {
            config.crm.webhooks.disable_after_hours = integer(raw)?;
            Ok(())
        },
    )
    .ours(),
    option(
        "webhook-first-delay-ms",
        Kind::Integer,
        "1000",
        "Milliseconds before the first retry; each further one waits three times as long, with jitter.",
        |config, raw| {
            config.crm.webhooks.first_delay_ms = integer(raw)?;
            Ok(())
        },
    )
    .ours(),
    option(
        "webhook-longest-delay",
        Kind::Integer,
        "21600",
        "Seconds that a retry waits at most, before jitter.",
        |config, raw| {
            config.crm.webhooks.longest_delay_s = integer(raw)?;
            Ok(())
        },
    )
    .ours(),
    option(
        "webhook-max-attempts",
        Kind::Integer,
        "12",
        "Attempts of one delivery, the first included, before it is given up.",
        |config, raw| {
            config.crm.webhooks.max_attempts = integer::<u16>(raw)?.max(1);
            Ok(())
        },
    )
    .ours(),
    option(
        "webhook-retention-days",
        Kind::Integer,
        "7",
        "Days that delivered events stay in the delivery log.",
        |config, raw| {
            config.crm.webhooks.retention_days = integer(raw)?;
            Ok(())
        },
    )
    .ours(),
    option(
        "webhook-timeout-ms",
        Kind::Integer,
        "5000",
        "Milliseconds that one attempt may take, 50 to 60000.",
        |config, raw| {
            config.crm.webhooks.timeout_ms = in_range(raw, 50..=60_000)? as u64;
            Ok(())
        },
    )
    .ours(),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_and_aliases_are_unique_and_well_formed() {
        let mut seen = HashSet::new();
        for option in OPTIONS {
            for name in option.aliases.iter().chain([&option.name]) {
                assert!(seen.insert(*name), "{name} appears twice");
                assert!(
                    name.chars()
                        .all(|c| c.is_ascii_lowercase() || c == '-' || c.is_ascii_digit()),
                    "{name}"
                );
            }
            assert!(option.doc.ends_with('.'), "{}: a sentence", option.name);
        }
    }

    #[test]
    fn in_database_options_reload() {
        for option in OPTIONS.iter().filter(|option| option.in_database) {
            assert!(option.reloadable, "{}", option.name);
        }
        assert!(find_in_database("db_schemas").is_some());
        assert!(
            find_in_database("db_uri").is_none(),
            "not from the database"
        );
    }

    #[test]
    fn documented_defaults_are_the_defaults() {
        let mut config = Config {
            profile: Profile::Postgrest,
            ..Config::default()
        };
        config.server.host = "!4".into();
        for option in OPTIONS {
            let mut changed = config.clone();
            option.set(&mut changed, option.default).expect(option.name);
            assert_eq!(changed, config, "default of {}", option.name);
        }
    }
}
