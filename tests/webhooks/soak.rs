//! Changes without end, a receiver that fails and hangs, servers that are killed: every event arrives, in
//! order per record, none is invented, the queue drains, memory stays flat.
//!
//! Small by default. `tests/bench/webhooks.sh` sets `SOAK_ROUNDS` and `SOAK_RECORDS` for a long one.

#![allow(clippy::print_stderr, reason = "a long run says how far it is")]

use std::collections::HashMap;
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use super::receiver::{Received, Reply};
use super::*;
use crate::cli::oppbase;
use crate::common::app::JWT_SECRET;

/// How fast things happen.
#[derive(Clone, Copy)]
struct Pace {
    /// Time between two kills.
    kill_every: Duration,
    /// `webhook-timeout-ms`.
    timeout_ms: u64,
    /// `webhook-first-delay-ms`.
    first_delay_ms: u64,
    /// Attempts that a server makes at once.
    concurrency: usize,
    /// Between two transactions of a writer.
    pause: Duration,
}

impl Pace {
    /// Small and hurried, for every day.
    const SHORT: Self = Self {
        kill_every: Duration::from_millis(900),
        timeout_ms: 300,
        first_delay_ms: 10,
        concurrency: 64,
        pause: Duration::from_millis(60),
    };
    /// The default timeout; as many attempts at once as it takes when one in twenty lasts five seconds.
    const LONG: Self = Self {
        kill_every: Duration::from_secs(5),
        timeout_ms: 5000,
        first_delay_ms: 100,
        concurrency: 800,
        pause: Duration::ZERO,
    };

    /// How long a receiver hangs: longer than anybody waits.
    fn hang(self) -> Duration {
        Duration::from_millis(self.timeout_ms + 500 + self.timeout_ms / 10)
    }
}

fn setting(name: &str, default: i64) -> i64 {
    let text = std::env::var(name).ok();
    text.map_or(default, |text| text.parse().unwrap())
}

/// A server process; killed when dropped.
struct Server(Child);

impl Server {
    fn start(db: &TestDb, pace: Pace) -> Self {
        let child = oppbase()
            .arg("serve")
            .env("OPPBASE_DB_URI", &db.authenticator)
            .env("OPPBASE_DB_ADMIN_URI", &db.admin)
            .env("OPPBASE_JWT_SECRET", JWT_SECRET)
            .env("OPPBASE_SERVER_PORT", "0")
            .env("OPPBASE_SERVER_WORKERS", "1")
            .env("OPPBASE_WEBHOOK_ALLOW_PRIVATE", "loopback")
            .env("OPPBASE_WEBHOOK_TIMEOUT_MS", pace.timeout_ms.to_string())
            .env(
                "OPPBASE_WEBHOOK_FIRST_DELAY_MS",
                pace.first_delay_ms.to_string(),
            )
            .env("OPPBASE_WEBHOOK_CONCURRENCY", pace.concurrency.to_string())
            .env("OPPBASE_WEBHOOK_LONGEST_DELAY", "1")
            .env("OPPBASE_WEBHOOK_MAX_ATTEMPTS", "1000")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self(child)
    }

    /// Resident memory in MB.
    fn memory_mb(&self) -> u64 {
        let path = format!("/proc/{}/status", self.0.id());
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with("VmRSS:"));
        let kb = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
        kb.unwrap_or_default() / 1024
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGKILL: nothing is tidied up.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What has arrived.
#[derive(Default)]
struct Arrived {
    /// The last amount of each record: it counts the record's changes.
    last: HashMap<i64, i64>,
    accepted: u64,
    repeated: u64,
    refused: u64,
    hung: u64,
    /// Of no change that was committed.
    invented: u64,
    /// After a later one of its record, or before an earlier one.
    out_of_order: u64,
    /// The first of both.
    faults: Vec<String>,
}

impl Arrived {
    /// `records` were counted up to `rounds`.
    fn answer(&mut self, request: &Received, pace: Pace, records: i64, rounds: i64) -> Reply {
        let luck: f64 = rand::random();
        if luck < 0.30 {
            self.refused += 1;
            return Reply::status(500);
        }
        if luck < 0.35 {
            self.hung += 1;
            return Reply::status(500).after(pace.hang());
        }
        let data = &request.json()["data"];
        let (record, amount) = (
            data["id"].as_i64().unwrap(),
            data["amount"].as_i64().unwrap(),
        );
        let last = self.last.entry(record).or_insert(-1);
        if amount == *last + 1 {
            *last = amount;
            self.accepted += 1;
        } else if amount == *last {
            self.repeated += 1;
        } else {
            let is_real = (1..=records).contains(&record) && (0..=rounds).contains(&amount);
            match is_real {
                true => self.out_of_order += 1,
                false => self.invented += 1,
            }
            self.faults
                .push(format!("record {record}: {amount} after {last}"));
            self.faults.truncate(20);
        }
        Reply::status(200)
    }
}

/// Counts the records of a part up, a transaction per round, with others between them that are rolled back.
async fn write(client: Client, records: std::ops::Range<i64>, rounds: i64, pause: Duration) {
    let part = format!("where id >= {} and id < {}", records.start, records.end);
    for round in 1..=rounds {
        let undone = if round % 2 == 0 {
            format!("begin; update public.deals set amount = -7 {part}; rollback;")
        } else {
            String::new()
        };
        let sql = format!("{undone} update public.opportunities set amount = {round} {part}");
        client.batch_execute(&sql).await.unwrap();
        tokio::time::sleep(pause).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_event_arrives_in_order_whatever_is_killed() {
    let (records, rounds) = (setting("SOAK_RECORDS", 10), setting("SOAK_ROUNDS", 30));
    let is_long = records * rounds > 1000;
    let pace = if is_long { Pace::LONG } else { Pace::SHORT };
    let limit = Duration::from_secs(setting("SOAK_SECONDS", 90) as u64);
    let db = TestDb::new(Template::Fork).await;
    let arrived = Arc::new(Mutex::new(Arrived::default()));
    let told = arrived.clone();
    let receiver = Receiver::answering(
        move |request| told.lock().unwrap().answer(request, pace, records, rounds),
        false,
    );
    db.batch(&format!(
        "insert into webhooks.subscription (url, secret, events)
           values ('{}', '{SECRET}', '{{opportunity.created,opportunity.updated}}');
         insert into public.opportunities (id, name, stage, amount)
           select n, 'Record ' || n, 'lead', 0 from generate_series(1, {records}) n",
        receiver.url("/")
    ))
    .await;
    let start = Instant::now();
    let half = 1 + records / 2;
    let pause = pace.pause;
    let writers = [
        tokio::spawn(write(db.admin_client().await, 1..half, rounds, pause)),
        tokio::spawn(write(
            db.admin_client().await,
            half..records + 1,
            rounds,
            pause,
        )),
    ];
    let client = db.admin_client().await;
    let mut servers = [Server::start(&db, pace), Server::start(&db, pace)];
    let (mut kills, mut peak_mb) = (0_usize, 0);
    let expected = u64::try_from(records * (rounds + 1)).unwrap();
    let mut told_at = Instant::now();
    loop {
        tokio::time::sleep(pace.kill_every).await;
        peak_mb = servers
            .iter()
            .map(Server::memory_mb)
            .fold(peak_mb, u64::max);
        let accepted = arrived.lock().unwrap().accepted;
        if accepted >= expected || start.elapsed() > limit {
            break;
        }
        if is_long && told_at.elapsed() > Duration::from_secs(60) {
            told_at = Instant::now();
            // The tests' PostgreSQL does not do it by itself.
            client
                .batch_execute("vacuum analyze webhooks.delivery, webhooks.outbox")
                .await
                .unwrap();
            eprintln!(
                "{:>4} s: {accepted} of {expected}, {kills} killed, {peak_mb} MB",
                start.elapsed().as_secs()
            );
        }
        // A claim of a killed server waits for the end of its lease: in the short run the end comes sooner.
        if is_long || kills < 4 {
            servers[kills % 2] = Server::start(&db, pace);
            kills += 1;
        }
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let took = start.elapsed();
    let open = "select count(*) from webhooks.delivery where state not in ('delivered')";
    let mut left: i64 = -1;
    for _ in 0..200 {
        left = client.query_one(open, &[]).await.unwrap().get(0);
        if left == 0 || start.elapsed() > limit {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let arrived = arrived.lock().unwrap();
    eprintln!(
        "{} of {expected} events in {:.1} s ({:.0}/s): {} lost, {} invented, {} out of order; {} repeated, \
         {} refused, {} hung, {kills} servers killed, at most {peak_mb} MB, {left} left in the queue",
        arrived.accepted,
        took.as_secs_f64(),
        arrived.accepted as f64 / took.as_secs_f64(),
        expected.saturating_sub(arrived.accepted),
        arrived.invented,
        arrived.out_of_order,
        arrived.repeated,
        arrived.refused,
        arrived.hung,
    );
    assert_eq!(arrived.faults, Vec::<String>::new());
    assert!(kills >= 2, "servers were killed");
    assert!(peak_mb < 200, "{peak_mb} MB");
    assert_eq!(
        (arrived.accepted, left),
        (expected, 0),
        "all arrived, none is left"
    );
    assert!(arrived.last.values().all(|last| *last == rounds));
}
