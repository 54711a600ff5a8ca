//! THE PIPELINE: http -> api_request -> plan -> query -> transaction -> response.
//!
//! Between the first two, where the profile allows it, [`tolerance`] reads known faults of the frontends
//! as they were meant, and [`nested`] takes relations out of the body that are saved with their row.
//!
//! [`respond`] is the whole request on one page. Each stage's module says what comes in and what goes
//! out; this file only runs them in order and times them (`Server-Timing`).

pub mod api_request;
pub mod disconnect;
pub mod legacy;
pub mod nested;
pub mod plan;
pub mod query;
pub mod response;
pub mod routes;
pub mod tolerance;
pub mod transaction;

use std::time::{Duration, Instant};

use api_request::HttpRequest;
use response::HttpResponse;

use crate::auth::AuthResult;
use crate::config::{ErrorVerbosity, LogLevel, Profile};
use crate::error::{Error, Result, body, codes};
use crate::observe::access::is_logged;
use crate::pg::session::SessionPool;
use crate::state::AppState;
use api_request::profile_header;

/// Who is asking, as the HTTP layer found out before it read the body.
#[derive(Debug)]
pub struct Identity {
    pub auth: AuthResult,
    /// Time that the verification took; `jwt` in `Server-Timing`.
    pub time: Duration,
}

/// Time spent in each stage.
#[derive(Debug, Clone, Copy, Default)]
struct Timing {
    jwt: Duration,
    parse: Duration,
    plan: Duration,
    transaction: Duration,
    response: Duration,
}

impl Timing {
    /// `jwt;dur=0.1, parse;dur=…`, milliseconds with one decimal.
    /// Source: <https://docs.postgrest.org/en/stable/references/observability.html#server-timing-header>.
    fn header(&self) -> String {
        let ms = |name: &str, d: Duration| format!("{name};dur={:.1}", d.as_secs_f64() * 1000.0);
        [
            ms("jwt", self.jwt),
            ms("parse", self.parse),
            ms("plan", self.plan),
            ms("transaction", self.transaction),
            ms("response", self.response),
        ]
        .join(", ")
    }
}

fn timed<T>(slot: &mut Duration, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let out = work();
    *slot = start.elapsed();
    out
}

/// Answers one REST request. Never fails: errors become answers.
///
/// `pool` is the worker's own.
pub async fn respond(
    state: &AppState,
    pool: &SessionPool,
    http: HttpRequest,
    identity: Identity,
) -> HttpResponse {
    let config = state.config();
    let mut timing = Timing {
        jwt: identity.time,
        ..Timing::default()
    };
    let mut statements = config.log.query.then(Vec::new);
    let result = answer(
        state,
        pool,
        &http,
        &identity.auth,
        &mut timing,
        statements.as_mut(),
    )
    .await;
    let mut answer = match result {
        Ok(mut answer) => {
            if config.server.timing_enabled {
                answer
                    .headers
                    .push(("Server-Timing".into(), timing.header()));
            }
            answer
        }
        Err(error) => {
            log_failure(state, &error, config.log.level);
            let schema = http.header(profile_header(&http.method));
            let schema = schema.or(config.rest.schemas.first().map(String::as_str));
            let error = state
                .legacy
                .in_old_words(schema.unwrap_or_default(), &http.path, error);
            body::postgrest(&error, config.rest.error_verbosity)
        }
    };
    if let Some(statements) = statements
        && is_logged(config.log.level, answer.status)
    {
        for sql in statements {
            tracing::info!("{}", sql.replace('\n', " "));
        }
    }
    if answer.status == 503 {
        answer
            .headers
            .push(("Retry-After".into(), state.retry_after_s().to_string()));
    }
    answer
}

async fn answer(
    state: &AppState,
    pool: &SessionPool,
    http: &HttpRequest,
    auth: &AuthResult,
    timing: &mut Timing,
    statements: Option<&mut Vec<String>>,
) -> Result<HttpResponse> {
    let config = state.config();
    let loaded = state.schema_cache().ok_or_else(schema_cache_missing)?;
    let rest = &config.rest;

    let mut request = timed(&mut timing.parse, || api_request::parse(http, rest))?;
    let forgiven = match rest.frontend_tolerance {
        true => tolerance::forgive(&mut request, &loaded.cache),
        false => Vec::new(),
    };
    for fault in &forgiven {
        state
            .metrics
            .frontend_faults
            .with_label_values(&[fault.rule])
            .inc();
    }
    let nested = match config.profile {
        Profile::Crm => nested::take(&mut request, &loaded.cache)?,
        Profile::Postgrest => None,
    };
    let (plan, query) = timed(&mut timing.plan, || {
        let plan = plan::action_plan(&request, &loaded.cache, rest)?;
        let mut query = query::main_query(&plan, &request, auth, rest, state.pg_version());
        if let Some(nested) = nested {
            nested.add_to(&mut query.tx_settings);
        }
        Ok::<_, Error>((plan, query))
    })?;

    if let Some(statements) = statements {
        *statements = query.texts();
    }
    let context = transaction::Context {
        pool,
        config: rest,
        role: &auth.role,
        prepared_statements: config.database.prepared_statements,
        generation: loaded.generation,
    };
    let start = Instant::now();
    let outcome = transaction::run(&context, &plan, &request, query).await;
    timing.transaction = start.elapsed();

    let mut answer = timed(&mut timing.response, || {
        response::build(
            &plan,
            outcome?,
            &request,
            rest,
            &config.server,
            &loaded.cache,
        )
    })?;
    let warnings = forgiven.iter().map(tolerance::Forgiven::warning);
    answer
        .headers
        .extend(warnings.map(|warning| ("Warning".into(), warning)));
    Ok(answer)
}

/// Counts requests that got no connection, and logs what PostgreSQL reports as its own failure.
fn log_failure(state: &AppState, error: &Error, level: LogLevel) {
    if error.code() == codes::PGRST003.code {
        state.metrics.pool_timeouts.inc();
    }
    if error.fault().from_database && error.status() >= 500 && level >= LogLevel::Error {
        let text = body::payload(error, ErrorVerbosity::Verbose);
        tracing::error!("{}", String::from_utf8_lossy(&text));
    }
}

fn schema_cache_missing() -> Error {
    Error::new(
        &codes::PGRST002,
        "Could not query the database for the schema cache. Retrying.",
    )
}
