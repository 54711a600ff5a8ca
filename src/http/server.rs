//! Binds the listeners, starts the background tasks and serves until told to stop.

use std::future::Future;
use std::net::TcpListener;

use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};
use anyhow::Context;

use super::middleware::cors::cors;
use super::{admin, app};
use crate::auth::Authenticator;
use crate::config::{Config, DatabaseConfig};
use crate::pg::conn_string::ConnString;
use crate::pg::session;
use crate::reload;
use crate::state::AppState;

/// Longest URL line plus headers that is read; longer ones are refused with 431 by the HTTP layer.
const SHUTDOWN_TIMEOUT_S: u64 = 10;

/// Serves until `shutdown` completes, then drains.
///
/// # Errors
/// When the configuration cannot be used or an address cannot be bound. A database that cannot be
/// reached is no error: the server answers 503 and keeps trying.
pub async fn run(config: Config, shutdown: impl Future<Output = ()>) -> anyhow::Result<()> {
    let running = start(config).await?;
    shutdown.await;
    tracing::info!("shutting down");
    running.stop().await;
    Ok(())
}

/// A started server.
#[derive(Debug)]
pub struct Running {
    handles: Vec<ServerHandle>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
    /// Address of the API, with the port that was really bound.
    pub address: std::net::SocketAddr,
    /// The shared state, for tests that look inside.
    pub state: web::Data<AppState>,
}

impl Running {
    /// Stops accepting, lets running requests end, stops the background tasks.
    pub async fn stop(self) {
        for handle in &self.handles {
            handle.stop(true).await;
        }
        for task in self.tasks {
            task.abort();
        }
    }
}

/// Binds and starts everything, and returns at once.
///
/// # Errors
/// As [`run`].
pub async fn start(config: Config) -> anyhow::Result<Running> {
    let state = web::Data::new(build_state(config)?);
    let config = state.config();
    let listener = bind(&config.server.host, config.server.port)?;
    let address = listener.local_addr()?;
    let mut tasks = background_tasks(&state);
    let mut handles = Vec::new();

    let api_state = state.clone();
    let mut server = HttpServer::new(move || {
        App::new()
            .wrap(from_fn(cors))
            .configure(app::configure(api_state.clone()))
    })
    .disable_signals()
    .shutdown_timeout(SHUTDOWN_TIMEOUT_S);
    if let Some(workers) = config.server.workers {
        server = server.workers(workers);
    }
    let server = server.listen(listener)?.run();
    handles.push(server.handle());
    tasks.push(tokio::spawn(async move {
        if let Err(error) = server.await {
            tracing::error!(%error, "the API server ended");
        }
    }));

    if let Some(port) = config.server.admin_port {
        let host = config
            .server
            .admin_host
            .as_deref()
            .unwrap_or(&config.server.host);
        let listener = bind(host, port)?;
        let admin_state = state.clone();
        let server =
            HttpServer::new(move || App::new().configure(admin::configure(admin_state.clone())))
                .workers(1)
                .disable_signals()
                .listen(listener)?
                .run();
        handles.push(server.handle());
        tasks.push(tokio::spawn(async move {
            if let Err(error) = server.await {
                tracing::error!(%error, "the admin server ended");
            }
        }));
    }
    Ok(Running {
        handles,
        tasks,
        address,
        state,
    })
}

fn build_state(config: Config) -> anyhow::Result<AppState> {
    let env = |name: &str| std::env::var(name).ok();
    let conn = ConnString::parse(&config.database.uri, env)
        .context("db-uri")?
        .with_application_name("oppbase");
    let pool = session::build_pool(conn, &config.database)?;
    let admin_pool = match &config.database.admin_uri {
        Some(uri) => Some(admin_pool(uri, &config.database)?),
        None => None,
    };
    let authenticator =
        Authenticator::new(&config.jwt, config.rest.anon_role.as_deref(), &config.crm)
            .map_err(|e| anyhow::anyhow!("{e}"))?;
    Ok(AppState::new(config, authenticator, pool, admin_pool))
}

/// The pool of the owner role, for what only the server may do.
fn admin_pool(uri: &str, config: &DatabaseConfig) -> anyhow::Result<deadpool_postgres::Pool> {
    let env = |name: &str| std::env::var(name).ok();
    let conn = ConnString::parse(uri, env)
        .context("the owner's connection string")?
        .with_application_name("oppbase-admin");
    let tls = crate::pg::tls::connector(&conn)?;
    let manager = deadpool_postgres::Manager::new(conn.config().clone(), tls);
    let timeout = std::time::Duration::from_secs(config.pool_acquisition_timeout_s);
    deadpool_postgres::Pool::builder(manager)
        .max_size(config.pool_size.clamp(1, 10))
        .wait_timeout(Some(timeout))
        .create_timeout(Some(timeout))
        .runtime(deadpool_postgres::Runtime::Tokio1)
        .build()
        .context("the owner's pool")
}

fn background_tasks(state: &web::Data<AppState>) -> Vec<tokio::task::JoinHandle<()>> {
    let loader = state.clone();
    vec![tokio::spawn(async move {
        reload::schema_cache_until_loaded(&loader).await
    })]
}

fn bind(host: &str, port: u16) -> anyhow::Result<TcpListener> {
    // PostgREST's host names for "all interfaces".
    let host = match host {
        "*" | "*4" | "!4" => "0.0.0.0",
        "*6" | "!6" => "::",
        other => other,
    };
    let listener = TcpListener::bind((host, port))
        .with_context(|| format!("cannot listen on {host}:{port}"))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}
