//! Binds the sockets, starts the background tasks and serves until told to stop.
//!
//! The order is PostgREST's: the admin server answers from the start, the API's socket accepts
//! connections once the schema cache was read or the first attempt has failed (with
//! `server-reuseport`: once it was read).
//! Source: <https://docs.postgrest.org/en/stable/references/http_server.html>.

use std::net::Ipv4Addr;
use std::sync::atomic::Ordering;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::from_fn;
use actix_web::{App, web};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

use super::listen::{Address, Socket, Wanted};
use super::middleware::access_log::access_log;
use super::middleware::cors::cors;
use super::middleware::maintenance::maintenance;
use super::middleware::trace_header::trace_header;
use super::pool_shares::PoolShares;
use super::serve::Serving;
use super::{admin, app, background, setup};
use crate::auth::state::AuthState;
use crate::config::load::Sources;
use crate::config::{Config, ServerConfig};
use crate::functions::{Functions, delivery};
use crate::reload;
use crate::schema_cache::listener::Reload;
use crate::state::AppState;
use crate::storage::StorageState;
use crate::webhooks::worker::{self as webhook_worker, Worker};

/// How long running requests may take to end once the server was told to stop.
const SHUTDOWN_TIMEOUT_S: u64 = 10;
/// How long the start waits for the first schema cache before it answers 503 instead.
const FIRST_LOAD_TIMEOUT: Duration = Duration::from_secs(5);

/// A started server.
#[derive(Debug)]
pub struct Running {
    handles: Vec<ServerHandle>,
    tasks: Vec<JoinHandle<()>>,
    reloads: UnboundedSender<Reload>,
    /// Address of the API, with the port that was really bound.
    pub address: Address,
    /// The shared state, for tests that look inside.
    pub state: web::Data<AppState>,
}

impl Running {
    /// Stops accepting, closes idle connections, lets running requests end, stops the background tasks.
    pub async fn stop(self) {
        let serving = &self.state.health.serving;
        serving.store(false, Ordering::Relaxed);
        futures_util::future::join_all(self.handles.iter().map(|handle| handle.stop(true))).await;
        for task in self.tasks {
            task.abort();
        }
        crate::rest::legacy::keep::flush(&self.state).await;
    }

    /// Asks for reloads, as a notification does.
    pub fn reloads(&self) -> UnboundedSender<Reload> {
        self.reloads.clone()
    }

    /// Completes when the server cannot recover from a failure; the log says why.
    pub async fn gave_up(&self) {
        self.state.give_up.notified().await;
    }
}

/// As [`start_from`], with a configuration that does not change.
///
/// # Errors
/// As [`start_from`].
pub async fn start(config: Config) -> anyhow::Result<Running> {
    start_from(Sources::Fixed(Box::new(config))).await
}

/// Binds and starts everything, and returns when the API's socket accepts connections.
///
/// # Errors
/// When the configuration cannot be used or an address cannot be bound. A database that cannot be
/// reached is no error: the server answers 503 and keeps trying.
pub async fn start_from(sources: Sources) -> anyhow::Result<Running> {
    let mut config = sources.read()?;
    let socket = Socket::bind(&main_socket(&config.server))?;
    let address = socket.address.clone();
    fill_addresses(&mut config, &address);
    let state = web::Data::new(setup::state(sources, config)?);
    let config = state.config();
    let mut tasks = Vec::new();
    let mut handles = Vec::new();
    if let Some(wanted) = admin_socket(&config.server) {
        let socket = Socket::bind(&wanted)?;
        tracing::info!("Admin server listening on {}", socket.address);
        let server = admin_server(socket, state.clone(), address.clone())?;
        handles.push(server.handle());
        tasks.push(run("admin", server));
    }

    let first = tokio::time::timeout(FIRST_LOAD_TIMEOUT, reload::everything(&state)).await;
    if first.is_err() {
        tracing::warn!("the schema cache is still being read");
    }
    let (reloads, events) = unbounded_channel();
    tasks.extend(background::start(&state, &reloads, events));
    if config.server.reuse_port {
        until_loaded(&state).await;
    }

    let server = api_server(socket, state.clone(), &mut tasks)?;
    handles.push(server.handle());
    tasks.push(run("API", server));
    state.health.serving.store(true, Ordering::Relaxed);
    tracing::info!("API server listening on {address}");
    Ok(Running {
        handles,
        tasks,
        reloads,
        address,
        state,
    })
}

/// The port is the one that was bound, and `public-url`, where it is not set, is the address.
fn fill_addresses(config: &mut Config, address: &Address) {
    let Address::Tcp(mut address) = *address else {
        return;
    };
    config.server.port = address.port();
    let crm = &mut config.crm;
    if crm.public_url.is_empty() {
        if address.ip().is_unspecified() {
            address.set_ip(Ipv4Addr::LOCALHOST.into());
        }
        crm.public_url = format!("http://{address}");
    }
}

fn main_socket(config: &ServerConfig) -> Wanted<'_> {
    Wanted {
        host: &config.host,
        port: config.port,
        reuse_port: config.reuse_port,
        unix_socket: config.unix_socket.as_deref(),
        unix_socket_mode: config.unix_socket_mode,
    }
}

fn admin_socket(config: &ServerConfig) -> Option<Wanted<'_>> {
    let unix_socket = config.admin_unix_socket.as_deref();
    let port = match (config.admin_port, unix_socket) {
        (None, None) => return None,
        (port, _) => port.unwrap_or_default(),
    };
    Some(Wanted {
        host: config.admin_host.as_ref().unwrap_or(&config.host),
        port,
        reuse_port: false,
        unix_socket,
        unix_socket_mode: config.admin_unix_socket_mode,
    })
}

async fn until_loaded(state: &AppState) {
    const PAUSE: Duration = Duration::from_millis(20);
    while state.schema_cache().is_none() {
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            // Noted for whoever waits for the end of the started server.
            () = state.give_up.notified() => return state.give_up.notify_one(),
        }
    }
}

fn api_server(
    socket: Socket,
    state: web::Data<AppState>,
    tasks: &mut Vec<JoinHandle<()>>,
) -> anyhow::Result<Server> {
    let config = state.config();
    let storage = StorageState::new(state.clone().into_inner(), &config.storage)?;
    let auth_state = match &state.admin_pool {
        Some(pool) => Some(AuthState::new(
            pool.clone(),
            &config,
            state.authenticator(),
        )?),
        None => None,
    };
    if let Some(auth) = &auth_state {
        let functions = Functions {
            app: state.clone().into_inner(),
            sessions: state.pool.clone(),
            auth: auth.clone(),
            storage: storage.clone(),
        };
        tasks.push(delivery::spawn(functions)?);
    }
    if let (Some(pool), Some(uri)) = (&state.admin_pool, &config.database.admin_uri) {
        tasks.push(webhook_worker::spawn(Worker {
            pool: pool.clone(),
            uri: uri.clone(),
            config: config.crm.webhooks.clone(),
            state: state.clone().into_inner(),
        })?);
    }
    let shares = PoolShares::new(&config);
    let serving = Serving {
        workers: shares.workers,
        shutdown_timeout_s: SHUTDOWN_TIMEOUT_S,
        watch_clients: true,
    };
    Ok(serving.start(socket, move || {
        let pool = state.open_worker_pool(shares.next());
        App::new()
            .wrap(from_fn(maintenance))
            .wrap(from_fn(trace_header))
            .wrap(from_fn(cors))
            .wrap(from_fn(access_log))
            .configure(app::configure(
                state.clone(),
                pool.clone(),
                auth_state.clone(),
                storage.as_ref().map(|storage| storage.with_pool(pool)),
            ))
    })?)
}

fn admin_server(
    socket: Socket,
    state: web::Data<AppState>,
    main: Address,
) -> anyhow::Result<Server> {
    let serving = Serving {
        workers: 1,
        shutdown_timeout_s: 1,
        watch_clients: false,
    };
    Ok(serving.start(socket, move || {
        App::new().configure(admin::configure(state.clone(), main.clone()))
    })?)
}

fn run(name: &'static str, server: Server) -> JoinHandle<()> {
    tokio::spawn(async move {
        if let Err(error) = server.await {
            tracing::error!(%error, "the {name} server ended");
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_url_is_the_bound_address_unless_it_is_set() {
        let filled = |configured: &str, address: Address| {
            let mut config = Config::default();
            config.crm.public_url = configured.into();
            fill_addresses(&mut config, &address);
            config.crm.public_url
        };
        let tcp = |text: &str| Address::Tcp(text.parse().expect("an address"));
        assert_eq!(filled("", tcp("127.0.0.1:4000")), "http://127.0.0.1:4000");
        assert_eq!(filled("", tcp("0.0.0.0:4000")), "http://127.0.0.1:4000");
        assert_eq!(filled("", tcp("[::1]:4000")), "http://[::1]:4000");
        assert_eq!(
            filled("https://crm.example", tcp("127.0.0.1:1")),
            "https://crm.example"
        );
        assert_eq!(filled("", Address::Unix("/run/x".into())), "");
    }
}
