//! A database per test, cloned from a template in some 30 ms and dropped with its handle.
//!
//! Templates are made by the first test that asks for them. Roles belong to the whole cluster:
//! a test that changes a role is seen by its neighbours, so tests make roles of their own instead.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, Mutex};

use tokio_postgres::{Client, NoTls};

use super::cluster;

/// What a new database holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Template {
    /// Nothing but the roles.
    Empty,
    /// The CRM's schema, policies and grants, on the baseline of the fork.
    Fork,
    /// The same, on the baseline of upstream.
    Upstream,
}

impl Template {
    fn database(self) -> &'static str {
        match self {
            Self::Empty => "tpl_empty",
            Self::Fork => "tpl_fork",
            Self::Upstream => "tpl_upstream",
        }
    }

    /// Fills a new template database; `client` is the superuser in it.
    async fn fill(self, _client: &mut Client) {
        match self {
            Self::Empty => {}
            Self::Fork | Self::Upstream => {}
        }
    }
}

/// A database of one test.
#[derive(Debug)]
pub struct TestDb {
    pub name: String,
    /// Connection URI of the superuser.
    pub admin: String,
    /// Connection URI of the role that the server connects as.
    pub authenticator: String,
}

impl TestDb {
    /// Clones the template.
    pub async fn new(template: Template) -> Self {
        // Starting the cluster blocks, and so does waiting for another test that starts it.
        tokio::task::spawn_blocking(move || Self::blocking(template))
            .await
            .expect("a database for the test")
    }

    fn blocking(template: Template) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let source = ensure(template);
        block_on(execute(
            cluster::admin_uri("postgres"),
            format!("create database {name} template {source}"),
        ));
        Self {
            admin: cluster::admin_uri(&name),
            authenticator: cluster::authenticator_uri(&name),
            name,
        }
    }

    /// A connection as the superuser.
    pub async fn admin_client(&self) -> Client {
        connect(&self.admin).await
    }

    /// A connection as the role that the server connects as.
    pub async fn authenticator_client(&self) -> Client {
        connect(&self.authenticator).await
    }

    /// Runs SQL as the superuser: fixtures of one test.
    pub async fn batch(&self, sql: &str) {
        self.admin_client()
            .await
            .batch_execute(sql)
            .await
            .unwrap_or_else(|e| panic!("fixture SQL: {}", describe(&e)));
    }
}

impl Drop for TestDb {
    fn drop(&mut self) {
        let sql = format!("drop database if exists {} with (force)", self.name);
        let uri = cluster::admin_uri("postgres");
        // A thread of its own: the test's runtime may be the one that is unwinding.
        let dropped = std::thread::spawn(move || block_on(execute(uri, sql))).join();
        if dropped.is_err() && !std::thread::panicking() {
            panic!("database {} was not dropped", self.name);
        }
    }
}

/// Makes the template unless it is there; one at a time, since templates share the roles.
fn ensure(template: Template) -> &'static str {
    static MADE: LazyLock<Mutex<HashMap<Template, Result<(), String>>>> =
        LazyLock::new(Mutex::default);
    let mut made = MADE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    if let Some(Err(reason)) = made.get(&template) {
        panic!("template {template:?} was not made: {reason}");
    }
    if !made.contains_key(&template) {
        made.insert(template, Err("an earlier test says why".into()));
        let name = template.database();
        block_on(execute(
            cluster::admin_uri("postgres"),
            format!("create database {name} template template0"),
        ));
        block_on(async {
            let mut client = connect(&cluster::admin_uri(name)).await;
            template.fill(&mut client).await;
        });
        made.insert(template, Ok(()));
    }
    template.database()
}

/// Connects; the connection's task ends with the client.
pub async fn connect(uri: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(uri, NoTls)
        .await
        .unwrap_or_else(|e| panic!("connecting to {uri}: {}", describe(&e)));
    tokio::spawn(connection);
    client
}

/// Runs SQL over a connection of its own.
pub async fn execute(uri: String, sql: String) {
    let client = connect(&uri).await;
    client
        .batch_execute(&sql)
        .await
        .unwrap_or_else(|e| panic!("{sql}: {}", describe(&e)));
}

/// Runs a future where no runtime is at hand.
pub fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(future)
}

fn describe(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(db) => format!("{} {}", db.code().code(), db.message()),
        None => error.to_string(),
    }
}
