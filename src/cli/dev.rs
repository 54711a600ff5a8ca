//! `oppbase dev`: everything on this machine, for developing and for trying out. A private
//! PostgreSQL in a folder, the schema, demo data the first time, and the server on the ports and with
//! the keys that frontends' development settings expect ([`crate::config::local`]).

use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;

use clap::Args;

use super::connect::connect;
use super::failure::{Exit, Failure};
use super::serve::refuse_well_known;
use super::state::{self, Values};
use super::supabase_folder::SupabaseFolder;
use super::{BaselineArgument, install, schema, signals, status, supervise, telemetry};
use crate::config::{Config, load, local, renamed};
use crate::http::server::{self, Running};
use crate::pg::embedded::{self, Cluster, ClusterOptions, Durability, EmbeddedError};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Folder for the database; kept between starts.
    #[arg(long, value_name = "DIR", default_value = state::DATA_DIR)]
    data_dir: PathBuf,
    /// Port of the API; 0 picks a free one. Default: 54321, or what `config.toml` of the Supabase folder says.
    #[arg(long)]
    port: Option<u16>,
    /// Port of the database; 0 picks a free one. Default: 54322, or what `config.toml` of the Supabase folder says.
    #[arg(long)]
    db_port: Option<u16>,
    /// Port of the admin server.
    #[arg(long, default_value_t = local::ADMIN_PORT, value_parser = clap::value_parser!(u16).range(1..))]
    admin_port: u16,
    /// Schema that a new database starts from.
    #[arg(long, value_enum, default_value_t)]
    baseline: BaselineArgument,
    /// Leave a new database without demo data.
    #[arg(long)]
    no_demo: bool,
    /// Run an app's own `supabase/` folder (migrations, seed, config.toml) instead of the CRM's schema.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["baseline", "no_demo"])]
    supabase_dir: Option<PathBuf>,
}

/// The arguments with what a Supabase folder says.
struct Setup {
    arguments: Arguments,
    folder: Option<SupabaseFolder>,
    port: u16,
    db_port: u16,
}

impl Setup {
    fn new(arguments: Arguments) -> Result<Self, Failure> {
        let folder = match &arguments.supabase_dir {
            Some(dir) => Some(SupabaseFolder::read(dir)?),
            None => None,
        };
        let told = folder.as_ref();
        let port = arguments.port.or(told.and_then(|folder| folder.api_port));
        let db_port = arguments.db_port.or(told.and_then(|folder| folder.db_port));
        Ok(Self {
            port: port.unwrap_or(local::API_PORT),
            db_port: db_port.unwrap_or(local::DB_PORT),
            arguments,
            folder,
        })
    }
}

pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let shutdown = signals::shutdown()?;
    let reloads = signals::Reloads::catch()?;
    // Said before PostgreSQL is started for nothing.
    let setup = Setup::new(arguments)?;
    let arguments = &setup.arguments;
    require_distinct(&setup)?;
    require_free(setup.port)?;
    require_free(arguments.admin_port)?;
    let config = config(&setup)?;
    refuse_well_known(&config)?;
    telemetry::install(&config);
    if let Some(warning) = renamed::read(load::process_environment())?.warning {
        super::note(&warning);
    }

    let cluster = start_cluster(ClusterOptions {
        dir: arguments.data_dir.clone(),
        port: setup.db_port,
        password: Some(local::DB_PASSWORD.into()),
        durability: Durability::Durable,
        settings: Vec::new(),
    })
    .await?;
    let mut shutdown = std::pin::pin!(shutdown);
    let started = tokio::select! {
        started = start_server(&setup, config, &cluster) => started,
        () = &mut shutdown => {
            stop(cluster).await;
            return Ok(());
        }
    };
    let running = match started {
        Ok(running) => running,
        Err(failure) => {
            stop(cluster).await;
            return Err(failure);
        }
    };
    let forwarding = tokio::spawn(reloads.forward(running.reloads()));
    let kept = supervise::until(shutdown, cluster).await;
    super::note("stopping …");
    running.stop().await;
    forwarding.abort();
    stop(kept?).await;
    Ok(())
}

/// Prepares the database, starts the server, and says where everything is.
async fn start_server(
    setup: &Setup,
    mut config: Config,
    cluster: &Cluster,
) -> Result<Running, Failure> {
    let password = Some(local::DB_PASSWORD);
    config.database.uri = embedded::uri("authenticator", password, cluster.port(), "postgres");
    config.database.admin_uri = Some(cluster.uri("postgres"));
    let arguments = &setup.arguments;
    prepare(setup, cluster, &config.database.uri).await?;
    let running = server::start(config)
        .await
        .map_err(|e| Failure::from_server(&e))?;
    let values = state::values(running.address.port(), cluster.port(), arguments.admin_port);
    state::write(&arguments.data_dir, &values)?;
    super::print(&banner(&values, setup.folder.is_none()));
    Ok(running)
}

/// Schema, demo data once, and the password of the role that the server connects as.
async fn prepare(setup: &Setup, cluster: &Cluster, server_uri: &str) -> Result<(), Failure> {
    let arguments = &setup.arguments;
    let mut client = connect(&cluster.uri("postgres")).await?;
    // Beside the data, so that a start that was killed half-way prepares again.
    let prepared = arguments.data_dir.join("prepared");
    if cluster.is_new() {
        let _ = std::fs::remove_file(&prepared);
    }
    let demo = !arguments.no_demo && !prepared.exists();
    match &setup.folder {
        Some(folder) => folder.apply(&mut client).await?,
        None => schema::apply(&mut client, arguments.baseline, demo).await?,
    }
    schema::set_authenticator_password(&client, server_uri).await?;
    std::fs::write(&prepared, "").map_err(|e| {
        Failure::new(
            Exit::DataFolder,
            format!("writing {}: {e}", prepared.display()),
        )
    })
}

/// What a development server starts from, by option; the environment wins. There is no mail server, so an
/// address counts as confirmed and mails go to a folder; and tests hammer it, so that only failures are
/// limited.
const DEFAULTS: [(&str, &str); 6] = [
    ("auth-autoconfirm", "true"),
    ("auth-rate-limit-token", "0"),
    ("auth-rate-limit-verify", "0"),
    ("auth-rate-limit-sign-up", "0"),
    ("auth-rate-limit-mails", "0"),
    ("webhook-allow-private", "loopback"),
];

/// The environment's `OPPBASE_*` options below what the arguments say; the database comes later.
fn config(setup: &Setup) -> Result<Config, Failure> {
    let arguments = &setup.arguments;
    let ours = load::process_environment()
        .filter(|(name, _)| !name.starts_with("PGRST_") && name != "OPPBASE_PROFILE");
    let mut base = DEFAULTS.to_vec();
    if let Some(folder) = &setup.folder {
        base.retain(|(name, _)| !folder.options.contains_key(*name));
        let told = folder.options.iter();
        base.extend(told.map(|(name, text)| (*name, text.as_str())));
    }
    let mut config = load::load_over(&base, None, ours)?;
    if let Some(folder) = &setup.folder {
        config.crm.mail.templates = folder.templates.clone();
    }
    config.server.port = setup.port;
    config.server.unix_socket = None;
    config.server.admin_unix_socket = None;
    config.server.admin_port = Some(arguments.admin_port);
    config.jwt.secret = Some(local::JWT_SECRET.into());
    config.crm.publishable_keys = vec![local::PUBLISHABLE_KEY.into()];
    config.crm.secret_keys = vec![local::SECRET_KEY.into()];
    if config.storage.dir.is_none() && config.storage.s3.bucket.is_none() {
        config.storage.dir = Some(arguments.data_dir.join("storage"));
    }
    let mail = &mut config.crm.mail;
    if mail.folder.is_none() {
        mail.folder = Some(arguments.data_dir.join("mail"));
    }
    Ok(config)
}

/// Starts the cluster off the runtime's threads; installs PostgreSQL first where it is missing and
/// we may.
pub(super) async fn start_cluster(options: ClusterOptions) -> Result<Cluster, Failure> {
    let started = tokio::task::spawn_blocking(move || match Cluster::start(options.clone()) {
        Err(missing @ EmbeddedError::NoBinaries { .. }) if install::install_postgres(&missing) => {
            Cluster::start(options)
        }
        result => result,
    });
    let result = started.await;
    Ok(result.map_err(|e| Failure::new(Exit::Other, e.to_string()))??)
}

async fn stop(mut cluster: Cluster) {
    let stopped = tokio::task::spawn_blocking(move || cluster.stop());
    // It ends by itself within the limits of `stop`; a panic there leaves the work to the watcher.
    let _ = stopped.await;
}

/// Each listener has a port of its own; 0 is nobody's.
fn require_distinct(setup: &Setup) -> Result<(), Failure> {
    let ports = [
        ("--port", setup.port),
        ("--db-port", setup.db_port),
        ("--admin-port", setup.arguments.admin_port),
    ];
    for (position, (name, port)) in ports.iter().enumerate() {
        let same = ports[..position].iter().find(|(_, other)| other == port);
        if let Some((other, _)) = same.filter(|_| *port != 0) {
            let message = format!("{other} and {name} are both {port}");
            return Err(Failure::new(Exit::Configuration, message).hint("choose another port"));
        }
    }
    Ok(())
}

fn require_free(port: u16) -> Result<(), Failure> {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Ok(_) => Ok(()),
        Err(_) => Err(EmbeddedError::PortInUse { port }.into()),
    }
}

/// `has_demo`: an app's own folder brings no demo users.
fn banner(values: &Values, has_demo: bool) -> String {
    let mut text = format!(
        "\noppbase is running. Ctrl-C stops it.\n\n{}{:>17}: {}/mail\n{:>17}: {}/swagger-ui/\n",
        status::pretty(values),
        "mails",
        values["ADMIN_URL"],
        "swagger",
        values["API_URL"],
    );
    if has_demo {
        let (email, password) = (local::DEMO_EMAIL, local::DEMO_PASSWORD);
        text.push_str(&format!("{:>17}: {email} / {password}\n", "demo login"));
    }
    text + "\n"
}
