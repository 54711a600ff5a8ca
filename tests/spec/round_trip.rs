//! One network round trip per request: a proxy between the server and PostgreSQL counts them.
//!
//! A round trip begins whenever the server sends after PostgreSQL has answered. With one worker the
//! statements of a request leave in one write, so a request that waited for an answer before it sent
//! its next statement would be counted twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

use crate::common::{Template, TestApp, TestDb, spawn_app};

type MakeRequest<'a> = Box<dyn Fn() -> reqwest::RequestBuilder + 'a>;

/// Forwards to PostgreSQL and counts round trips over all its connections.
struct CountingProxy {
    port: u16,
    trips: Arc<AtomicUsize>,
}

impl CountingProxy {
    async fn start(target_port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let trips = Arc::new(AtomicUsize::new(0));
        let counter = trips.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(("127.0.0.1", target_port))
                    .await
                    .expect("server");
                let server_spoke_last = Arc::new(AtomicBool::new(true));
                let (client_read, client_write) = client.into_split();
                let (server_read, server_write) = server.into_split();
                let (spoke, counter) = (server_spoke_last.clone(), counter.clone());
                tokio::spawn(copy(client_read, server_write, move || {
                    if spoke.swap(false, Ordering::SeqCst) {
                        counter.fetch_add(1, Ordering::SeqCst);
                    }
                }));
                tokio::spawn(copy(server_read, client_write, move || {
                    server_spoke_last.store(true, Ordering::SeqCst);
                }));
            }
        });
        Self { port, trips }
    }

    fn count(&self) -> usize {
        self.trips.load(Ordering::SeqCst)
    }
}

async fn copy(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, on_data: impl Fn()) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(n @ 1..) = from.read(&mut buffer).await {
        on_data();
        if to.write_all(&buffer[..n]).await.is_err() {
            return;
        }
    }
}

/// Reads the port of a connection URI.
fn port_of(uri: &str) -> u16 {
    let config: tokio_postgres::Config = uri.parse().expect("a connection string");
    config.get_ports()[0]
}

/// An app whose every connection goes through the proxy; one worker, one connection.
async fn app_behind_proxy() -> (TestDb, TestApp, CountingProxy) {
    let db = TestDb::new(Template::Fork).await;
    db.batch(
        "create table public.trips (id int primary key, note text);
         insert into public.trips select n, 'note ' || n from generate_series(1, 50) n;
         create table public.legs (id int primary key, trip_id int references public.trips);
         insert into public.legs select n, n from generate_series(1, 50) n;
         grant select, insert, update on public.trips, public.legs to authenticated;
         create function public.twice(n int) returns int language sql immutable as 'select n * 2';",
    )
    .await;
    let port = port_of(&db.authenticator);
    let proxy = CountingProxy::start(port).await;
    let through = proxy.port;
    let app = spawn_app(&db, |config| {
        config.database.uri = config
            .database
            .uri
            .replace(&format!(":{port}"), &format!(":{through}"));
        config.database.pool_size = 1;
        config.database.channel_enabled = false;
        config.server.workers = Some(1);
    })
    .await;
    (db, app, proxy)
}

#[tokio::test]
async fn every_request_costs_one_round_trip() {
    let (_db, app, proxy) = app_behind_proxy().await;
    let client = app.authenticated(uuid::Uuid::from_u128(1));
    let get = |path: &str| client.get(app.url(path));
    let cases: Vec<(&str, MakeRequest)> = vec![
        ("one row", Box::new(|| get("/rest/v1/trips?id=eq.7"))),
        (
            "a counted page",
            Box::new(|| {
                get("/rest/v1/trips?note=like.*1*&limit=5").header("Prefer", "count=exact")
            }),
        ),
        (
            "an embed",
            Box::new(|| get("/rest/v1/trips?select=*,legs(*)&limit=3")),
        ),
        ("a function", Box::new(|| get("/rest/v1/rpc/twice?n=21"))),
        (
            "an update",
            Box::new(|| {
                client
                    .patch(app.url("/rest/v1/trips?id=eq.7"))
                    .header("Prefer", "return=representation")
                    .header("Accept", "application/vnd.pgrst.object+json")
                    .json(&serde_json::json!({"note": "changed"}))
            }),
        ),
        (
            "an upsert",
            Box::new(|| {
                client
                    .post(app.url("/rest/v1/trips"))
                    .header(
                        "Prefer",
                        "resolution=merge-duplicates,return=representation",
                    )
                    .json(&serde_json::json!({"id": 8, "note": "merged"}))
            }),
        ),
    ];
    for (name, request) in &cases {
        // The first run is unnamed, the second prepares (and may ask for the types of parameters it
        // has not met), from the third on the statement is reused.
        let before = proxy.count();
        assert!(
            request().send().await.expect(name).status().is_success(),
            "{name}"
        );
        assert_eq!(
            proxy.count() - before,
            1,
            "{name}, a shape never seen before"
        );
        assert!(
            request().send().await.expect(name).status().is_success(),
            "{name}"
        );
        let before = proxy.count();
        for _ in 0..20 {
            let answer = request().send().await.expect(name);
            let status = answer.status();
            let body = answer.text().await.expect(name);
            assert!(status.is_success(), "{name}: {status} {body}");
        }
        assert_eq!(
            proxy.count() - before,
            20,
            "{name}: round trips of 20 requests"
        );
    }
}
