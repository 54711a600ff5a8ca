//! Unix sockets of the API and of the admin server.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;

use super::server::{Server, eventually, options};
use crate::common::{Template, TestDb};

/// Status of a GET over a Unix socket; 0 when nobody listens.
fn get(socket: &Path, path: &str) -> u16 {
    let ask = || -> std::io::Result<String> {
        let mut stream = UnixStream::connect(socket)?;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    let answer = ask().unwrap_or_default();
    answer
        .get(9..12)
        .and_then(|status| status.parse().ok())
        .unwrap_or(0)
}

#[tokio::test]
async fn both_servers_listen_on_sockets_instead_of_ports() {
    let db = TestDb::new(Template::Empty).await;
    db.batch("create table t (id int); grant select on t to anon")
        .await;
    let dir = tempfile::tempdir().expect("a folder");
    let (main, admin) = (dir.path().join("main"), dir.path().join("admin"));
    let mut options = options(&db);
    options.push(("PGRST_SERVER_UNIX_SOCKET", main.display().to_string()));
    options.push(("PGRST_SERVER_UNIX_SOCKET_MODE", "777".into()));
    options.push((
        "PGRST_ADMIN_SERVER_UNIX_SOCKET",
        admin.display().to_string(),
    ));
    options.push(("PGRST_LOG_LEVEL", "info".into()));
    let server = Server::spawn(&[], options);
    eventually("ready", || async { get(&admin, "/ready") == 200 }).await;
    assert_eq!(get(&main, "/t"), 200);
    let mode = |path: &Path| {
        let metadata = std::fs::metadata(path).expect("a socket");
        metadata.permissions().mode() & 0o777
    };
    assert_eq!((mode(&main), mode(&admin)), (0o777, 0o660));
    assert_eq!(server.get(&server.url("/t")).await.0, 0, "no port");
    eventually("logged", || async {
        server.stdout().contains("unknownSocket - anon [")
    })
    .await;

    std::fs::remove_file(&main).expect("removed");
    assert_eq!(get(&admin, "/live"), 500, "nobody can reach it");
    assert_eq!(get(&admin, "/ready"), 500);
}
