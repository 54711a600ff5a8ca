//! A reload reads what has changed, and the cache is then what a first load makes of the same database: after
//! any definition of data, in any kind of transaction.
//!
//! Source: <https://docs.postgrest.org/en/stable/references/schema_cache.html>.

use std::collections::BTreeSet;
use std::time::Duration;

use oppbase::schema_cache::dump::to_json;
use oppbase::schema_cache::load::{LoadOptions, Loader, Plan, load};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokio_postgres::Client;

use super::ddl::{START, statement};
use crate::common::db::block_on;
use crate::common::{Template, TestDb};

fn options() -> LoadOptions {
    LoadOptions {
        schemas: vec!["public".into(), "api".into()],
        extra_search_path: vec!["extra".into()],
        hoisted_tx_settings: vec!["statement_timeout".into()],
    }
}

const BRIEF: &str = "set lock_timeout = '100ms'; set statement_timeout = '20s'";

/// A database, and a loader that has loaded it once.
struct Case {
    db: TestDb,
    admin: Client,
    /// Its transaction stays open while the cache is loaded.
    held: Client,
    session: Client,
    loader: Loader,
}

impl Case {
    async fn new() -> Self {
        let db = TestDb::new(Template::Empty).await;
        db.batch(START).await;
        let mut case = Self {
            admin: db.admin_client().await,
            held: db.admin_client().await,
            session: db.authenticator_client().await,
            loader: Loader::default(),
            db,
        };
        for client in [&case.admin, &case.held, &case.session] {
            client.batch_execute(BRIEF).await.expect("a setting");
        }
        case.reload().await;
        case
    }

    /// Runs what may be refused.
    async fn attempt(&self, sql: &str) {
        let sql = sql.replace("{db}", &self.db.name);
        let _ = self.admin.batch_execute(&sql).await;
    }

    async fn run(&self, sql: &str) {
        let outcome = self.admin.batch_execute(sql).await;
        outcome.unwrap_or_else(|e| panic!("{sql}: {e:?}"));
    }

    async fn reload(&mut self) -> String {
        let cache = self.loader.load(&self.session, &options()).await;
        to_json(&cache.unwrap_or_else(|e| panic!("a load: {e}")))
    }

    async fn try_fresh(&self) -> Result<String, oppbase::error::Error> {
        let session = self.db.authenticator_client().await;
        session.batch_execute(BRIEF).await.expect("a setting");
        Ok(to_json(&load(&session, &options()).await?))
    }

    async fn fresh(&self) -> String {
        self.try_fresh().await.expect("a load")
    }

    /// Loads as a reload and as a first load does. None when a transaction that is held keeps both out.
    async fn both(&mut self) -> Option<(String, String)> {
        let reloaded = self.loader.load(&self.session, &options()).await.ok()?;
        Some((to_json(&reloaded), self.try_fresh().await.ok()?))
    }

    /// Reloads until nothing is read: transactions that run beside this test make some look new.
    async fn settle(&mut self) {
        let nothing = Plan::Only {
            relations: BTreeSet::new(),
            routines: BTreeSet::new(),
        };
        for _ in 0..300 {
            self.reload().await;
            if self.loader.last_plan() == Some(&nothing) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("some transaction does not end");
    }

    /// Reloads and compares; what was read.
    async fn check(&mut self, what: &str) -> Plan {
        let reloaded = self.reload().await;
        assert!(reloaded == self.fresh().await, "{what}");
        self.loader.last_plan().expect("it has loaded").clone()
    }
}

/// How statements are run.
#[derive(Debug, Clone, Copy)]
enum Mode {
    Alone,
    Transaction,
    RolledBack,
    /// The first one is kept, the others are undone, and the last one is run again.
    Savepoint,
    /// In progress while the cache is loaded, and ended later.
    Held,
}

fn mode() -> impl Strategy<Value = Mode> {
    prop_oneof![
        4 => Just(Mode::Alone),
        2 => Just(Mode::Transaction),
        1 => Just(Mode::RolledBack),
        1 => Just(Mode::Savepoint),
        2 => Just(Mode::Held),
    ]
}

async fn step(case: &mut Case, mode: Mode, statements: &[String]) {
    match mode {
        Mode::Alone => {
            for sql in statements {
                case.attempt(sql).await;
            }
        }
        Mode::Transaction | Mode::RolledBack | Mode::Savepoint => {
            case.run("begin").await;
            for (number, sql) in statements.iter().enumerate() {
                case.run("savepoint s").await;
                case.attempt(sql).await;
                let undo = matches!(mode, Mode::Savepoint) && number > 0;
                let failed = case.admin.batch_execute("select 1").await.is_err();
                if undo || failed {
                    case.run("rollback to savepoint s").await;
                }
            }
            let last = statements
                .last()
                .filter(|_| matches!(mode, Mode::Savepoint));
            if let Some(sql) = last {
                case.attempt(sql).await;
            }
            match mode {
                Mode::RolledBack => case.run("rollback").await,
                // After a failure it is a rollback.
                _ => case.run("commit").await,
            }
        }
        Mode::Held => {
            let _ = case.held.batch_execute("commit; begin").await;
            for sql in statements {
                let sql = sql.replace("{db}", &case.db.name);
                let sql = format!("savepoint s; {sql}");
                if case.held.batch_execute(&sql).await.is_err() {
                    let undo = "rollback to savepoint s";
                    let _ = case.held.batch_execute(undo).await;
                }
            }
        }
    }
}

#[test]
fn a_reload_is_as_good_as_a_first_load_after_any_change() {
    let cases = std::env::var("RELOAD_CASES").map_or(6, |n| n.parse().expect("a number"));
    let mut runner = TestRunner::new(Config {
        cases,
        max_shrink_iters: 60,
        failure_persistence: None,
        ..Config::default()
    });
    let steps = prop::collection::vec((mode(), prop::collection::vec(any::<u32>(), 1..4)), 1..25);
    let outcome = runner.run(&(any::<u32>(), steps), |(focus, steps)| {
        block_on(async {
            let mut case = Case::new().await;
            let mut history = Vec::new();
            for (mode, seeds) in steps {
                let statements: Vec<String> = {
                    let seeds = seeds.iter();
                    seeds.map(|seed| statement(focus, *seed)).collect()
                };
                step(&mut case, mode, &statements).await;
                history.push((mode, statements));
                if let Some((reloaded, fresh)) = case.both().await {
                    prop_assert!(reloaded == fresh, "{history:#?}\n{reloaded}\n{fresh}");
                }
            }
            let _ = case.held.batch_execute("commit").await;
            let (reloaded, fresh) = case.both().await.expect("nobody holds a lock");
            prop_assert!(
                reloaded == fresh,
                "at the end {history:#?}\n{reloaded}\n{fresh}"
            );
            Ok(())
        })
    });
    outcome.unwrap_or_else(|e| panic!("{e}"));
}

#[tokio::test]
async fn nothing_is_read_when_nothing_has_changed_and_little_when_little_has() {
    let mut case = Case::new().await;
    for (sql, relations, routines) in [
        (
            "insert into t0 (name) values ('x'); update t0 set name = 'y'",
            0,
            0,
        ),
        ("vacuum t0", 0, 0),
        ("analyze", 0, 0),
        (
            "alter table t1 add column later text; comment on table t1 is 'x'",
            6,
            0,
        ),
        ("comment on table t1 is null", 6, 0),
        (
            "create table more (id int primary key, t0 int references t0)",
            2,
            0,
        ),
        ("create index on more (t0)", 0, 0),
        ("drop table more", 1, 0),
        ("create type new_type as enum ('a')", 0, 0),
        (
            "create function more(a int) returns int language sql as 'select a'",
            0,
            1,
        ),
        ("comment on function more is 'x'", 0, 1),
        ("drop function more", 0, 1),
        ("create schema unseen", 0, 0),
        ("create temp table t9 (id int)", 0, 0),
    ] {
        case.settle().await;
        case.run(sql).await;
        let plan = case.check(sql).await;
        let is_little = matches!(&plan, Plan::Only { relations: r, routines: f }
            if r.len() <= relations && f.len() == routines && (relations == 0 || !r.is_empty()));
        assert!(is_little, "{sql}: {plan:?}");
    }
    case.run("alter type mood add value 'new'").await;
    assert_eq!(case.check("a label").await, Plan::Everything);
}

/// It is visible later and was written before: only the oldest running transaction tells.
#[tokio::test]
async fn what_was_in_progress_during_a_load_is_seen_by_the_next() {
    let mut case = Case::new().await;
    let begin = "begin; create table slow (id int); alter table t2 add column slow int;
         savepoint s; create function slow() returns int language sql as 'select 1'";
    case.held.batch_execute(begin).await.expect("begun");
    case.run("create table quick (id int)").await;
    for _ in 0..2 {
        case.check("the other one is in progress").await;
        case.run("comment on table quick is 'later than the other one'")
            .await;
    }
    case.held.batch_execute("commit").await.expect("committed");
    let plan = case.check("committed").await;
    assert!(matches!(plan, Plan::Only { .. }), "{plan:?}");
    assert!(case.reload().await.contains("slow"));
}

#[tokio::test]
async fn what_is_only_dropped_is_seen() {
    let mut case = Case::new().await;
    for sql in [
        "alter table t1 drop constraint t1_up_fkey",
        "comment on column t0.name is null",
        "comment on function f0(int) is null",
        "drop trigger tr on v2",
        "drop rule ru on v2",
        "drop function f1(int, text)",
        "drop view v0 cascade",
        "drop table t4 cascade",
        "drop cast (colour as text)",
        "drop aggregate api.body(t0)",
    ] {
        let before = case.reload().await;
        case.run(sql).await;
        case.check(sql).await;
        assert!(case.reload().await != before, "{sql}");
    }
}

#[tokio::test]
async fn another_configuration_or_session_reads_everything() {
    let mut case = Case::new().await;
    let mut options = options();
    options.schemas.pop();
    let cache = case.loader.load(&case.session, &options).await;
    let fresh = load(&case.session, &options).await.expect("a load");
    assert!(to_json(&cache.expect("a load")) == to_json(&fresh));
    assert_eq!(case.loader.last_plan(), Some(&Plan::Everything));
    case.reload().await;
    let zone = "alter table t0 add column at timestamptz default '2020-01-01 00:00+00'";
    case.run(zone).await;
    case.check(zone).await;
    let other = "set timezone = 'Asia/Tokyo'";
    case.session.batch_execute(other).await.expect("set");
    case.reload().await;
    assert_eq!(case.loader.last_plan(), Some(&Plan::Everything));
}

#[tokio::test]
async fn a_server_that_does_not_tell_its_transactions_is_read_whole() {
    let mut case = Case::new().await;
    case.run("revoke execute on function pg_current_snapshot() from public")
        .await;
    for sql in [
        "select 1",
        "create table later (id int)",
        "drop table later",
    ] {
        case.run(sql).await;
        assert_eq!(case.check(sql).await, Plan::Everything);
    }
}
