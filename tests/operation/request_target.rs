//! Request lines as clients send them: what PostgREST takes although no URI may hold it.
//!
//! Source: <https://docs.postgrest.org/en/stable/references/api/tables_views.html#json-columns>, whose
//! `curl` examples send `->>` and letters of any language as they are.

use std::path::Path;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

use super::server::{Server, eventually, options};
use crate::common::{Template, TestDb};

const TABLES: &str = r#"
    create table people (id int primary key, json_data jsonb);
    insert into people values (1, '{"blood_type": "A-"}'), (2, '{"blood_type": "O+"}');
    create table "用户" ("姓" text);
    insert into "用户" values ('é'), ('e');
    create table notes (id int primary key, note text);
    grant select, insert on people, "用户", notes to anon;
"#;

/// One connection, spoken to byte by byte.
struct Connection<S>(S);

impl Connection<TcpStream> {
    async fn open(server: &Server) -> Self {
        let url = server.url("");
        let address = url.strip_prefix("http://").expect("plain HTTP");
        Self(TcpStream::connect(address).await.expect("it listens"))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.expect("sent");
    }

    async fn get(&mut self, target: &str) -> (u16, String) {
        self.send(format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n"))
            .await;
        self.answer().await
    }

    async fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.0.read_u8().await.expect("more of the head"));
        }
        String::from_utf8(head).expect("ASCII").to_ascii_lowercase()
    }

    /// Status and body of the next answer, without interim ones.
    async fn answer(&mut self) -> (u16, String) {
        let mut head = self.head().await;
        while head.starts_with("http/1.1 100") {
            head = self.head().await;
        }
        let field = |name: &str| {
            head.lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
        };
        let length = field("content-length").map_or(0, |length| length.parse().expect("a number"));
        assert_eq!(field("transfer-encoding"), None, "{head}");
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await.expect("the body");
        let status = head[9..12].parse().expect("a status");
        (status, String::from_utf8(body).expect("UTF-8"))
    }
}

async fn start() -> (TestDb, Server) {
    let db = TestDb::new(Template::Empty).await;
    db.batch(TABLES).await;
    let server = Server::start(&db, &[("PGRST_LOG_LEVEL", "info")]).await;
    (db, server)
}

fn ok(body: &str) -> (u16, String) {
    (200, body.to_owned())
}

#[tokio::test]
async fn what_curl_sends_is_taken() {
    let (_db, server) = start().await;
    let mut client = Connection::open(&server).await;
    for _ in 0..2 {
        assert_eq!(
            client
                .get("/people?select=id,json_data->>blood_type&id=eq.1")
                .await,
            ok(r#"[{"id":1,"blood_type":"A-"}]"#)
        );
        assert_eq!(client.get("/用户?姓=eq.é").await, ok(r#"[{"姓":"é"}]"#));
        assert_eq!(
            client
                .get(r#"/people?select=id&json_data->>"blood_type"=in.("O+")"#)
                .await
                .0,
            200
        );
        assert_eq!(
            client.get("/people?select=a%3Eb").await,
            client.get("/people?select=a>b").await
        );
    }
    eventually("logged", || async {
        server
            .stdout()
            .contains(r#""GET /people?select=id,json_data-%3E%3Eblood_type&id=eq.1 HTTP/1.1" 200"#)
    })
    .await;
}

#[tokio::test]
async fn requests_in_a_row_and_in_pieces() {
    let (_db, server) = start().await;
    let mut client = Connection::open(&server).await;
    let one = "GET /people?select=json_data->blood_type&id=eq.1 HTTP/1.1\r\nHost: x\r\n\r\n";
    let two = "GET /用户?select=姓&姓=eq.é HTTP/1.1\r\nHost: x\r\n\r\n";
    client.send(format!("{one}{two}{one}")).await;
    let answers = [
        ok(r#"[{"blood_type":"A-"}]"#),
        ok(r#"[{"姓":"é"}]"#),
        ok(r#"[{"blood_type":"A-"}]"#),
    ];
    for answer in &answers {
        assert_eq!(client.answer().await, *answer);
    }
    client.0.set_nodelay(true).expect("an option");
    for byte in two.as_bytes() {
        client.send([*byte]).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(client.answer().await, answers[1]);
    // Longer than what is read at once, with most of it to be encoded.
    let long = format!(
        "/people?select=id&id=eq.1&json_data->>{}=is.null",
        "é".repeat(9000)
    );
    assert_eq!(client.get(&long).await, ok(r#"[{"id":1}]"#));
    assert_eq!(
        client.get("/people?select=id&id=lt.2").await,
        ok(r#"[{"id":1}]"#)
    );
}

#[tokio::test]
async fn bodies_arrive_as_they_were_sent() {
    let (_db, server) = start().await;
    let note = "\r\n\r\nGET /x>y HTTP/1.1\r\nHost: é\r\n\r\n";
    for is_chunked in [false, true] {
        let body = format!("id,note\r\n{},\"{note}\"\r\n", i32::from(is_chunked));
        let (first, second) = body.split_at(17);
        let framed = match is_chunked {
            false => format!("Content-Length: {}\r\n\r\n{body}", body.len()),
            true => format!(
                "Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{first}\r\n{:x}\r\n{second}\r\n0\r\n\r\n",
                first.len(),
                second.len()
            ),
        };
        let mut client = Connection::open(&server).await;
        client
            .send(format!(
                "POST /notes?columns=id,note HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\n{framed}\
                 GET /notes?select=note&id=eq.{}&note=neq.> HTTP/1.1\r\nHost: x\r\n\r\n",
                i32::from(is_chunked)
            ))
            .await;
        assert_eq!(client.answer().await.0, 201);
        let expected = serde_json::json!([{"note": note}]).to_string();
        assert_eq!(client.answer().await, ok(&expected));
    }
}

#[tokio::test]
async fn a_client_that_asks_first_is_answered_first() {
    let (_db, server) = start().await;
    let mut client = Connection::open(&server).await;
    let body = r#"{"id":9,"json_data":"GET /> HTTP/1.1"}"#;
    let length = body.len();
    client
        .send(format!(
            "POST /people?select=json_data->a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
        ))
        .await;
    assert!(client.head().await.starts_with("http/1.1 100"));
    client.send(body).await;
    assert_eq!(client.answer().await.0, 201);
    assert_eq!(
        client.get("/people?select=json_data&id=eq.9").await,
        ok(r#"[{"json_data":"GET /> HTTP/1.1"}]"#)
    );
}

#[tokio::test]
async fn what_no_server_takes_is_refused() {
    let (_db, server) = start().await;
    for target in ["/people?select=id, name", "/people\u{7f}", ""] {
        let mut client = Connection::open(&server).await;
        assert_eq!(client.get(target).await, (400, String::new()), "{target}");
    }
    let mut client = Connection::open(&server).await;
    client
        .send(
            "POST /people?a->b HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\
             Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /people HTTP/1.1\r\nHost: x\r\n\r\n",
        )
        .await;
    assert_eq!(client.answer().await.0, 400, "two lengths");
    assert_eq!(client.0.read(&mut [0]).await.expect("an end"), 0);
}

#[tokio::test]
async fn an_empty_segment_is_a_segment() {
    let (_db, server) = start().await;
    let mut client = Connection::open(&server).await;
    for (path, status) in [
        ("/", 200),
        ("/people", 200),
        ("//", 404),
        ("//people", 404),
        ("/people/", 404),
        ("///people", 404),
    ] {
        let (found, body) = client.get(path).await;
        assert_eq!(found, status, "{path}: {body}");
        assert_eq!(body.contains("PGRST125"), status == 404, "{path}: {body}");
    }
}

#[tokio::test]
async fn the_document_names_the_port_that_was_picked() {
    let db = TestDb::new(Template::Empty).await;
    let app = crate::common::spawn_app(&db, |config| config.server.host = "127.0.0.1".into()).await;
    for _ in 0..2 {
        let answer = app.service().get(app.url("/rest/v1/")).send().await;
        let text = answer.expect("an answer").text().await.expect("a body");
        let document: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let host = app.base_url.strip_prefix("http://").expect("plain HTTP");
        assert_eq!(document["host"], host);
        oppbase::reload::config(&app.running.state).await;
    }
}

#[tokio::test]
async fn sockets_take_the_same_and_notice_clients_that_leave() {
    let db = TestDb::new(Template::Empty).await;
    db.batch(TABLES).await;
    db.batch("create function slow() returns int language sql as 'select 1 from pg_sleep(60)'")
        .await;
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("main");
    let mut options = options(&db);
    options.push(("PGRST_SERVER_UNIX_SOCKET", path.display().to_string()));
    let server = Server::spawn(&[], options);
    server.until_ready().await;
    let open = async |path: &Path| Connection(UnixStream::connect(path).await.expect("it listens"));
    let mut client = open(&path).await;
    assert_eq!(client.get("/用户?姓=eq.é").await, ok(r#"[{"姓":"é"}]"#));

    let admin = db.admin_client().await;
    let running = async || {
        let count = "select count(*) from pg_stat_activity where datname = current_database() \
                     and query like '%slow%' and state = 'active' and pid <> pg_backend_pid()";
        let row = admin.query_one(count, &[]).await.expect("a row");
        row.get::<_, i64>(0)
    };
    client
        .send("GET /rpc/slow HTTP/1.1\r\nHost: x\r\n\r\n")
        .await;
    eventually("the query runs", || async { running().await == 1 }).await;
    drop(client);
    eventually("the query is cancelled", || async { running().await == 0 }).await;
}
