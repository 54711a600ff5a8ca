//! Mails by SMTP, to a server of the test's own, and the page that shows those of a folder.

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use oppbase::config::MailConfig;
use oppbase::config::SmtpTls;
use serde_json::{Value, json};

use super::Auth;
use crate::common::{Template, TestDb, spawn_app};

/// Takes mails; refuses the first `refusals` of them for now (451).
async fn smtp_server(mut refusals: u32) -> (u16, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, receiver) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let (reader, mut writer) = socket.into_split();
            let mut lines = BufReader::new(reader).lines();
            writer.write_all(b"220 test\r\n").await.unwrap();
            let (mut is_data, mut mail) = (false, String::new());
            while let Ok(Some(line)) = lines.next_line().await {
                let reply = match line.as_str() {
                    "." if is_data => {
                        is_data = false;
                        sender.send(std::mem::take(&mut mail)).unwrap();
                        "250 ok"
                    }
                    _ if is_data => {
                        mail += &line;
                        mail.push('\n');
                        continue;
                    }
                    "DATA" => {
                        is_data = true;
                        "354 go on"
                    }
                    "QUIT" => "221 bye",
                    line if line.starts_with("MAIL") && refusals > 0 => {
                        refusals -= 1;
                        "451 later"
                    }
                    _ => "250 ok",
                };
                let reply = format!("{reply}\r\n");
                if writer.write_all(reply.as_bytes()).await.is_err() {
                    break;
                }
            }
        }
    });
    (port, receiver)
}

fn by_smtp(mail: &mut MailConfig, port: u16) {
    mail.folder = None;
    mail.smtp_host = Some("127.0.0.1".into());
    mail.smtp_port = Some(port);
    mail.smtp_tls = Some(SmtpTls::None);
    mail.from = "The CRM <crm@example.com>".into();
}

#[tokio::test]
async fn a_mail_is_sent_and_a_busy_server_is_tried_again() {
    let (port, mut mails) = smtp_server(1).await;
    let auth = Auth::start_with(|settings| {
        settings.mailer_autoconfirm = false;
        by_smtp(&mut settings.mail, port);
    })
    .await;
    let answer = auth.sign_up("a@example.com").await;
    assert_eq!(
        answer.status, 200,
        "the sign-up does not wait: {}",
        answer.json
    );
    let wait = tokio::time::timeout(std::time::Duration::from_secs(20), mails.recv());
    let mail = wait.await.expect("a mail").expect("the server runs");
    for expected in [
        "From: \"The CRM\" <crm@example.com>",
        "To: a@example.com",
        "Subject: Confirm your address",
        "multipart/alternative",
        "/auth/v1/verify?token=",
    ] {
        assert!(mail.contains(expected), "{expected} in {mail}");
    }
    auth.stop().await;
}

#[tokio::test]
async fn a_server_that_is_not_there_does_not_fail_the_sign_up() {
    let auth = Auth::start_with(|settings| {
        settings.mailer_autoconfirm = false;
        by_smtp(&mut settings.mail, 1);
    })
    .await;
    assert_eq!(auth.sign_up("a@example.com").await.status, 200);
    auth.stop().await;
}

#[tokio::test]
async fn the_admin_server_shows_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let free = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let admin_port = free.local_addr().unwrap().port();
    drop(free);
    let db = TestDb::new(Template::Fork).await;
    let app = spawn_app(&db, |config| {
        config.server.admin_port = Some(admin_port);
        config.crm.mail.folder = Some(folder.path().into());
        config.crm.mailer_autoconfirm = false;
    })
    .await;
    let page = format!("http://127.0.0.1:{admin_port}/mail");
    let get = async |url: &str, accept: &str| {
        let request = reqwest::Client::new().get(url).header("accept", accept);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.headers()["cache-control"], "no-store");
        answer.text().await.unwrap()
    };
    assert!(get(&page, "text/html").await.contains("No mail yet"));
    let data = json!({"first_name": "<script>alert(1)</script>"});
    let body = json!({"email": "a@example.com", "password": "correct horse", "data": data});
    let signed_up = app.anon().post(app.url("/auth/v1/signup")).json(&body);
    assert_eq!(signed_up.send().await.unwrap().status(), 200);

    let listed = reqwest::Client::new()
        .get(&page)
        .header("accept", "application/json");
    let listed: Vec<Value> = listed.send().await.unwrap().json().await.unwrap();
    assert_eq!(
        (listed.len(), &listed[0]["to"]),
        (1, &json!("a@example.com"))
    );
    // The address that the server listens on, since none is configured.
    let link = listed[0]["link"].as_str().unwrap();
    assert!(
        link.starts_with(&format!("{}/auth/v1/verify?", app.base_url)),
        "{link}"
    );

    let list = get(&page, "text/html").await;
    assert!(list.contains("Confirm your address"), "{list}");
    let id = listed[0]["id"].as_str().unwrap();
    let mail = get(&format!("{page}/{id}"), "text/html").await;
    assert!(
        mail.contains("<iframe sandbox=") && !mail.contains("<script>"),
        "{mail}"
    );
    let missing = reqwest::get(format!("{page}/..%2Fstatus")).await.unwrap();
    assert_eq!(missing.status(), 404);
    app.running.stop().await;
}
