//! Binds the listeners, starts the background tasks and serves until told to stop.

use std::any::Any;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::dev::{Extensions, ServerHandle};
use actix_web::middleware::from_fn;
use actix_web::rt::net::TcpStream;
use actix_web::{App, HttpServer, web};
use anyhow::Context;
use tokio::task::JoinHandle;

use super::middleware::cors::cors;
use super::middleware::trace_header::trace_header;
use super::{admin, app};
use crate::auth::Authenticator;
use crate::auth::state::AuthState;
use crate::config::{Config, DatabaseConfig};
use crate::pg::conn_string::ConnString;
use crate::pg::session::SessionManager;
use crate::reload;
use crate::rest::disconnect::ClientSocket;
use crate::schema_cache::listener::{self, ListenerOptions, Messages};
use crate::state::AppState;

/// How long running requests may take to end once the server was told to stop.
const SHUTDOWN_TIMEOUT_S: u64 = 10;
/// How long the start waits for the first schema cache before it answers 503 instead.
const FIRST_LOAD_TIMEOUT: Duration = Duration::from_secs(5);

/// A started server.
#[derive(Debug)]
pub struct Running {
    handles: Vec<ServerHandle>,
    tasks: Vec<JoinHandle<()>>,
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
/// When the configuration cannot be used or an address cannot be bound. A database that cannot be
/// reached is no error: the server answers 503 and keeps trying.
pub async fn start(config: Config) -> anyhow::Result<Running> {
    let state = web::Data::new(build_state(config)?);
    let config = state.config();
    let listener = bind(&config.server.host, config.server.port)?;
    let address = listener.local_addr()?;
    // Clients that connect meanwhile wait in the listener's queue.
    let first = tokio::time::timeout(FIRST_LOAD_TIMEOUT, reload::everything(&state)).await;
    if let Ok(Err(error)) = first {
        tracing::error!("schema cache not loaded: {error:#}");
    }
    let mut tasks = background_tasks(&state);
    let mut handles = Vec::new();

    let auth_state = match &state.admin_pool {
        Some(pool) => Some(AuthState::new(
            pool.clone(),
            &config,
            state.authenticator(),
        )?),
        None => None,
    };
    let api_state = state.clone();
    let shares = PoolShares::new(&config);
    let workers = shares.workers;
    let server = HttpServer::new(move || {
        let pool = api_state.open_worker_pool(shares.next());
        App::new()
            .wrap(from_fn(trace_header))
            .wrap(from_fn(cors))
            .configure(app::configure(api_state.clone(), pool, auth_state.clone()))
    })
    .on_connect(keep_socket)
    .workers(workers)
    .disable_signals()
    .shutdown_timeout(SHUTDOWN_TIMEOUT_S)
    .listen(listener)?
    .run();
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

/// Keeps a handle of an accepted socket, by which a request can tell that its client went away.
fn keep_socket(connection: &dyn Any, extensions: &mut Extensions) {
    if let Some(socket) = connection
        .downcast_ref::<TcpStream>()
        .and_then(ClientSocket::of)
    {
        extensions.insert(socket);
    }
}

/// Divides `db-pool` among the workers. There are never more workers than sessions.
#[derive(Clone)]
struct PoolShares {
    sessions: usize,
    workers: usize,
    opened: Arc<AtomicUsize>,
}

impl PoolShares {
    fn new(config: &Config) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let sessions = config.database.pool_size.max(1);
        let workers = config.server.workers.unwrap_or(cores).clamp(1, sessions);
        Self {
            sessions,
            workers,
            opened: Arc::default(),
        }
    }

    /// Sessions of the next worker.
    fn next(&self) -> usize {
        let number = self.opened.fetch_add(1, Ordering::Relaxed) % self.workers;
        self.sessions / self.workers + usize::from(number < self.sessions % self.workers)
    }
}

fn build_state(config: Config) -> anyhow::Result<AppState> {
    let env = |name: &str| std::env::var(name).ok();
    let conn = ConnString::parse(&config.database.uri, env)
        .context("db-uri")?
        .with_application_name("oppbase");
    let sessions = SessionManager::new(conn, &config.database)?;
    let admin_pool = match &config.database.admin_uri {
        Some(uri) => Some(admin_pool(uri, &config.database)?),
        None => None,
    };
    let authenticator = Authenticator::from_config(&config)?;
    Ok(AppState::new(config, authenticator, &sessions, admin_pool))
}

/// The pool of the owner role, for what only the server may do.
fn admin_pool(uri: &str, config: &DatabaseConfig) -> anyhow::Result<deadpool_postgres::Pool> {
    let env = |name: &str| std::env::var(name).ok();
    let conn = ConnString::parse(uri, env)
        .context("the owner's connection string")?
        .with_application_name("oppbase-admin");
    let tls = crate::pg::tls::connector(&conn)?;
    let mut pg = conn.config().clone();
    if pg.get_options().is_none() {
        // The application's triggers on auth tables call functions without naming a schema.
        pg.options("-c search_path=public,extensions");
    }
    let manager = deadpool_postgres::Manager::new(pg, tls);
    let timeout = Duration::from_secs(config.pool_acquisition_timeout_s);
    deadpool_postgres::Pool::builder(manager)
        .max_size(config.pool_size.clamp(1, 10))
        .wait_timeout(Some(timeout))
        .create_timeout(Some(timeout))
        .runtime(deadpool_postgres::Runtime::Tokio1)
        .build()
        .context("the owner's pool")
}

/// First loads, then the listener, whose events are handled one after the other.
fn background_tasks(state: &web::Data<AppState>) -> Vec<JoinHandle<()>> {
    let (sender, mut events) = tokio::sync::mpsc::unbounded_channel();
    let loader = state.clone();
    let mut tasks = vec![tokio::spawn(async move {
        if loader.schema_cache().is_none() {
            reload::until_loaded(&loader).await;
        }
        while let Some(event) = events.recv().await {
            reload::handle(&loader, event).await;
        }
    })];
    let database = &state.config().database;
    if database.channel_enabled {
        let connecting = state.clone();
        let options = ListenerOptions {
            channel: database.channel.clone(),
            connect: Box::new(move || Box::pin(connect_listener(connecting.clone()))),
        };
        tasks.push(listener::spawn(options, move |event| {
            // Fails only when the loader is gone, at the end of the process.
            let _ = sender.send(event);
        }));
    }
    tasks
}

/// A connection of its own for LISTEN, outside the pool.
async fn connect_listener(
    state: web::Data<AppState>,
) -> Result<(tokio_postgres::Client, Messages), tokio_postgres::Error> {
    let manager = state.pool.manager();
    let (client, connection) = manager.conn().config().connect(manager.tls()).await?;
    Ok((client, listener::messages(connection)))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(pool_size: usize, workers: usize) -> Vec<usize> {
        let mut config = Config::default();
        config.database.pool_size = pool_size;
        config.server.workers = Some(workers);
        let shares = PoolShares::new(&config);
        (0..shares.workers).map(|_| shares.next()).collect()
    }

    #[test]
    fn workers_share_the_pool_and_none_goes_without() {
        assert_eq!(shares(10, 2), [5, 5]);
        assert_eq!(shares(10, 4), [3, 3, 2, 2]);
        assert_eq!(shares(1, 4), [1]);
        assert_eq!(shares(0, 4), [1]);
    }
}
