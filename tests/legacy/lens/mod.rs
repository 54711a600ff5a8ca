//! The laws of the lens through HTTP: whatever a client of either vocabulary sends (PATCH, PUT, POST, upserts,
//! lists, CSV, DELETE), saving what was read changes nothing (GetPut), what was written is read (PutGet), a
//! column changes only what derives from it (Frame), and a refused write changes nothing.
//!
//! `OPPBASE_LENS_WRITES` says how many writes are tried on each baseline; a few hundred otherwise. A
//! counter-example is shrunk and printed.

mod laws;
mod send;
mod writes;

use std::cell::Cell;

use oppbase::pg::migrations::Baseline;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio_postgres::Client;

use super::Crm;
use crate::schema::{self, BASELINES, batch};
use laws::check;
use writes::{IDS, Shape, Values, Write};

/// Puts all rows back, past every trigger.
const RESTORE: &str = "begin; set local session_replication_role = replica; \
    delete from public.opportunity_contacts; delete from public.opportunity_participants; delete from public.opportunities; \
    insert into public.opportunities select * from kept.opportunities; \
    insert into public.opportunity_participants select * from kept.opportunity_participants; \
    insert into public.opportunity_contacts select * from kept.opportunity_contacts; commit";

async fn start(baseline: Baseline) -> (Crm, Client) {
    let (db, owner) = schema::after(baseline).await;
    batch(
        &owner,
        &format!(
            "update public.companies set is_principal = true where id = 3; \
        update public.opportunity_contacts set role = 'influencer' where contact_id = 2; \
        delete from public.opportunities where id <> all (array[{}]); create schema kept; \
        create table kept.opportunities as table public.opportunities; \
        create table kept.opportunity_participants as table public.opportunity_participants; \
        create table kept.opportunity_contacts as table public.opportunity_contacts",
            IDS.map(|id| id.to_string()).join(",")
        ),
    )
    .await;
    (Crm::serve(db, |_| {}).await, owner)
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
}

/// Tries at least so many writes; how many it were, or the smallest that break a law.
fn run(
    runtime: &Runtime,
    crm: &Crm,
    owner: &Client,
    baseline: Baseline,
    wanted: u32,
) -> Result<u32, String> {
    let writes = Cell::new(0_u32);
    let mut runner = TestRunner::new(Config {
        cases: u32::MAX,
        failure_persistence: None,
        max_shrink_iters: 500,
        ..Config::default()
    });
    let cases = prop::collection::vec(writes::write(baseline), 1..8);
    let mut swept = 0;
    while writes.get() < wanted {
        // The rows are put back for every case, and the harness' PostgreSQL does not sweep by itself.
        if writes.get() >= swept + 500 {
            swept = writes.get();
            runtime.block_on(batch(owner, "vacuum"));
        }
        runner.run_one_of(&cases, |list| {
            runtime.block_on(async {
                batch(owner, RESTORE).await;
                for write in &list {
                    if check(crm, owner, baseline, write).await? {
                        writes.set(writes.get() + 1);
                    }
                }
                Ok(())
            })
        })?;
    }
    Ok(writes.get())
}

/// One case at a time, so that the count of writes and not of cases ends a run.
trait OneOf {
    fn run_one_of<S: Strategy>(
        &mut self,
        cases: &S,
        test: impl Fn(S::Value) -> Result<(), TestCaseError>,
    ) -> Result<(), String>;
}

impl OneOf for TestRunner {
    fn run_one_of<S: Strategy>(
        &mut self,
        cases: &S,
        test: impl Fn(S::Value) -> Result<(), TestCaseError>,
    ) -> Result<(), String> {
        let case = cases.new_tree(self).map_err(|reason| reason.to_string())?;
        match self.run_one(case, test) {
            Ok(_) => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    }
}

#[test]
#[allow(clippy::print_stderr, reason = "the figure of a long run")]
fn laws_hold_for_whatever_a_client_sends() {
    let wanted: u32 = std::env::var("OPPBASE_LENS_WRITES")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(300);
    let runtime = runtime();
    for baseline in BASELINES {
        let (crm, owner) = runtime.block_on(start(baseline));
        match run(&runtime, &crm, &owner, baseline, wanted) {
            Ok(writes) => eprintln!("{baseline:?}: {writes} writes"),
            Err(error) => panic!("{baseline:?}, {error}"),
        }
    }
}

#[test]
fn a_broken_map_of_stages_is_found_and_shrunk() {
    let runtime = runtime();
    let (crm, owner) = runtime.block_on(start(Baseline::Fork));
    for breaks in [
        // Forward: an old text means another stage.
        "create or replace function private.stage_of_word(legacy text) returns public.opportunity_stage language sql immutable as \
         $$ select 'closed_lost'::public.opportunity_stage $$",
        // Backward: a stage shows another old text.
        "create or replace function private.stage_to_word(stage public.opportunity_stage) returns text language sql immutable as \
         $$ select 'lost' $$",
    ] {
        let kept = "select pg_get_functiondef(oid) from pg_proc where proname in ('stage_of_word', 'stage_to_word') and pronamespace = 'private'::regnamespace";
        let kept = runtime.block_on(schema::lines(&owner, kept));
        runtime.block_on(batch(&owner, breaks));
        let error = run(&runtime, &crm, &owner, Baseline::Fork, 2000).expect_err("a broken map");
        runtime.block_on(batch(&owner, &kept.join(";")));
        let (_, smallest) = error
            .split_once("minimal failing input")
            .expect("what broke it");
        let writes = ["Save {", "Insert {", "New {", "Refused {", "Delete {"];
        let count: usize = writes
            .iter()
            .map(|kind| smallest.matches(kind).count())
            .sum();
        assert!((1..=2).contains(&count), "{error}");
    }
}

#[tokio::test]
async fn each_law_would_be_missed() {
    let (crm, owner) = start(Baseline::Fork).await;
    let one = |shape, values: &[(&'static str, Value)]| Write::Save {
        shape,
        ids: vec![109],
        values: Values::from_iter(values.iter().cloned()),
    };
    let breaks = "create or replace function public.breaks() returns trigger language plpgsql as $$ begin {} return new; end $$";
    batch(&owner, &breaks.replace("{}", "")).await;
    batch(&owner, "create trigger zz_breaks before update on public.opportunities for each row execute function public.breaks()").await;
    check(
        &crm,
        &owner,
        Baseline::Fork,
        &one(Shape::Put, &[("amount", json!(5))]),
    )
    .await
    .expect("the laws hold");
    for (does, write, law) in [
        (
            "new.priority := 'low';",
            one(Shape::Put, &[("amount", json!(6))]),
            "Frame",
        ),
        (
            "new.amount := 7;",
            one(Shape::Csv, &[("amount", json!(8))]),
            "PutGet",
        ),
        (
            "new.index := coalesce(new.index, 0) - 1;",
            one(Shape::Patch, &[("amount", json!(7))]),
            "GetPut",
        ),
        (
            "new.description := 'x';",
            Write::New {
                id: 107,
                values: Values::from([("priority", json!("critical"))]),
            },
            "Frame",
        ),
    ] {
        batch(&owner, &breaks.replace("{}", does)).await;
        let broken = check(&crm, &owner, Baseline::Fork, &write)
            .await
            .expect_err(law);
        assert!(broken.to_string().contains(law), "{broken}");
    }
}
