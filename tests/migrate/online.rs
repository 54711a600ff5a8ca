//! Old clients go on while a run is at work: what they write is complete afterwards, and none of them fails.

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{expect, migrate};
use crate::common::spawn_app;
use crate::schema::{BASELINES, batch, before, lines, text};

/// What the columns of the new face should say, from the old face: rows that are wrong.
const WRONG: &str = include_str!("wrong.sql");

/// The grants that a hosted project gives by default, and the sequences of the rows that were loaded.
const AS_HOSTED: &str = "\
    grant usage on schema public to anon, authenticated, service_role; \
    grant all on all tables in schema public to anon, authenticated, service_role; \
    grant all on all sequences in schema public to anon, authenticated, service_role; \
    select setval(format('%I.%I', schemaname, sequencename)::regclass, 1000) from pg_sequences \
     where schemaname = 'public' and sequencename like '%Notes_id_seq'";

#[tokio::test]
async fn what_is_written_meanwhile_is_complete() {
    for baseline in BASELINES {
        let (db, client) = before(baseline).await;
        batch(&client, AS_HOSTED).await;
        batch(
            &client,
            "insert into public.deals (name, stage, company_id, contact_ids, sales_id) \
             select 'Bulk ' || i, (array['won','lost','opportunity','delayed'])[1 + i % 4], 1 + i % 4, array[1 + i % 5], 1 \
               from generate_series(1, 3000) i",
        )
        .await;
        let mut child = migrate(&db, &["run", "--batch-size", "200", "--pause", "5ms"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let writer = db.admin_client().await;
        let notes = if text(&writer, "select to_regclass('public.deal_notes')")
            .await
            .is_some()
        {
            "public.deal_notes"
        } else {
            "public.\"dealNotes\""
        };
        let mut round = 0;
        while child.try_wait().expect("a child").is_none() {
            round += 1;
            // Every kind of change, of rows that are done already and of rows that are not.
            batch(&writer, &changes(round, notes)).await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert!(child.wait().expect("a child").success());
        assert!(round > 20, "{round} rounds of writing");
        let endless =
            "select step from migration.migration_progress where rows_processed > total_rows";
        assert_eq!(
            lines(&client, endless).await,
            Vec::<String>::new(),
            "went after rows that were written later"
        );
        assert_eq!(
            lines(&client, WRONG).await,
            Vec::<String>::new(),
            "{baseline:?}"
        );
    }
}

fn changes(round: i32, notes: &str) -> String {
    let key = 1 + round * 37 % 3000;
    format!(
        "update public.deals set stage = 'won', name = 'Round {round}' where name = 'Bulk {key}'; \
         update public.deals set company_id = 1 + {round} % 4, contact_ids = array[1 + {round} % 5, 2] where name = 'Bulk {next}'; \
         update public.deals set archived_at = now() where name = 'Bulk {other}'; \
         insert into public.deals (name, stage, company_id, contact_ids) values ('New {round}', 'lost', 2, '{{1,2}}'); \
         insert into {notes} (deal_id, text, type) select max(d.id), 'note {round}', 'call' from public.deals d; \
         delete from {notes} where text = 'note {before}'; \
         delete from public.deals where name = 'New {before}'; \
         insert into public.contacts (first_name, company_id, first_seen) values ('Person {round}', 1, '2024-01-01'); \
         update public.contacts set company_id = 2 where first_name = 'Person {before}'; \
         insert into public.tasks (contact_id, type, due_date) select max(id), 'call', '2025-01-01' from public.contacts; \
         update public.tasks set type = 'none', text = 'x' where contact_id in (select id from public.contacts where first_name = 'Person {before}')",
        next = key + 1,
        other = key + 2,
        before = round - 3,
    )
}

#[tokio::test]
async fn old_clients_see_no_failed_request() {
    let (db, client) = before(BASELINES[1]).await;
    batch(&client, AS_HOSTED).await;
    batch(
        &client,
        "insert into public.deals (name, stage, company_id, sales_id) \
         select 'Bulk ' || i, 'opportunity', 1, 1 from generate_series(1, 2000) i; \
         insert into storage.buckets (id, name) values ('x', 'x') on conflict do nothing",
    )
    .await;
    let app = spawn_app(&db, |_| {}).await;
    let mut child = migrate(&db, &["run", "--batch-size", "200", "--pause", "5ms"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let mut clients = vec![];
    let (stop, stopped) = tokio::sync::watch::channel(false);
    for worker in 0..3 {
        clients.push(tokio::spawn(old_client(
            app.url("/rest/v1"),
            app.service(),
            worker,
            stopped.clone(),
        )));
    }
    while child.try_wait().expect("a child").is_none() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // Some more, on the new schema.
    tokio::time::sleep(Duration::from_millis(500)).await;
    stop.send(true).expect("clients listen");
    assert!(child.wait().expect("a child").success());
    let mut written = 0;
    for client in clients {
        let (names, failures) = client.await.expect("a client");
        assert_eq!(failures, Vec::<String>::new());
        written += names;
    }
    assert!(written > 50, "{written} writes");
    let kept = "select count(*) from public.opportunities where name like 'written by %'";
    assert_eq!(text(&client, kept).await, Some(written.to_string()));
    assert_eq!(lines(&client, WRONG).await, Vec::<String>::new());
    expect(&db, &["status"], 0).await;
}

/// Inserts, reads, edits, one after the other, in the old words. The number of rows made, and what failed.
async fn old_client(
    base: String,
    http: reqwest::Client,
    worker: usize,
    stopped: tokio::sync::watch::Receiver<bool>,
) -> (usize, Vec<String>) {
    let (mut made, mut failures) = (0, vec![]);
    while !*stopped.borrow() {
        let begun = Instant::now();
        let name = format!("written by {worker}: {made}");
        let requests = [
            http.post(format!("{base}/deals"))
                .header("Prefer", "return=representation")
                .json(&json!({"name": name, "stage": "proposal-sent", "company_id": 1, "contact_ids": [1, 2], "index": 0})),
            http.get(format!("{base}/deals?select=id,name,stage,company_id&name=eq.{name}")),
            http.patch(format!("{base}/deals?name=eq.{name}"))
                .json(&json!({"stage": "won", "amount": 5})),
            http.get(format!("{base}/companies_summary?select=id,name,nb_deals&limit=2")),
        ];
        for (number, request) in requests.into_iter().enumerate() {
            match request.send().await {
                Ok(answer) if answer.status().is_success() => {}
                Ok(answer) => failures.push(format!(
                    "request {number} after {:?}: {} {}",
                    begun.elapsed(),
                    answer.status(),
                    answer.text().await.unwrap_or_default()
                )),
                Err(error) => failures.push(format!("request {number}: {error}")),
            }
        }
        made += 1;
    }
    (made, failures)
}

#[tokio::test]
async fn offline_the_servers_answer_writes_with_503_until_the_end() {
    let (db, client) = before(BASELINES[0]).await;
    batch(&client, AS_HOSTED).await;
    let app = spawn_app(&db, |_| {}).await;
    let child = migrate(
        &db,
        &["run", "--offline", "--batch-size", "1", "--pause", "50ms"],
    )
    .stdout(Stdio::null())
    .stderr(Stdio::piped())
    .spawn()
    .expect("the program starts");
    let on = "select count(*) from migration.maintenance where is_on";
    while text(&client, "select to_regclass('migration.maintenance')")
        .await
        .is_none()
        || text(&client, on).await.as_deref() != Some("1")
    {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let url = app.url("/rest/v1/deals");
    let row = json!({"name": "refused", "stage": "won"});
    let refused = loop {
        let answer = app
            .service()
            .post(&url)
            .json(&row)
            .send()
            .await
            .expect("an answer");
        if answer.status() != 201 {
            break answer;
        }
    };
    assert_eq!(refused.status(), 503);
    let wait = refused
        .headers()
        .get("Retry-After")
        .expect("a time")
        .to_str()
        .expect("text");
    assert!(wait.parse::<u32>().is_ok_and(|seconds| seconds > 0));
    let body: serde_json::Value = refused.json().await.expect("JSON");
    assert!(
        body["code"].is_string() && body["hint"].is_string() && body["message"].is_string(),
        "{body}"
    );
    let read = app.service().get(&url).send().await.expect("an answer");
    assert_eq!(read.status(), 200);
    let ended = tokio::task::spawn_blocking(move || child.wait_with_output().expect("ends"))
        .await
        .expect("ends");
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(ended.status.success(), "{said}");
    assert!(said.contains("verification: SUCCESS"), "{said}");
    let row = json!({"name": "accepted", "stage": "won"});
    for _ in 0..400 {
        let answer = app
            .service()
            .post(&url)
            .json(&row)
            .send()
            .await
            .expect("an answer");
        if answer.status() == 201 {
            assert_eq!(lines(&client, WRONG).await, Vec::<String>::new());
            let set = "select count(*) from pg_db_role_setting where setconfig::text like '%read_only%' \
                         and setdatabase = (select oid from pg_database where datname = current_database())";
            assert_eq!(text(&client, set).await.as_deref(), Some("0"));
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("writers stay out");
}
