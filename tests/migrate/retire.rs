//! Retiring the old names: only after the proof, the window and the grace period; everything of the old words
//! goes, nothing else does; the server answers 410 from then on.

use oppbase::pg::migrations::{self, Baseline};
use reqwest::Method;
use serde_json::{Value, json};

use super::back::{Migrated, migrated};
use crate::legacy::{Crm, header};
use crate::schema::{BASELINES, batch, lines, text};

const RETIRE: [&str; 2] = ["cleanup", "--retire-legacy"];
const OLD_VIEWS: [&str; 6] = [
    "public.deals",
    "public.deals_summary",
    "public.\"dealNotes\"",
    "public.deal_notes",
    "public.activity_log",
    "extensions.deals_face",
];

async fn verified(crm: &Migrated) {
    let sql = format!(
        "insert into migration.migration_history (run_id, phase_number, phase_name, status, completed_at) \
         values ('{}', 'verify', 'verification', 'completed', now())",
        crm.run
    );
    batch(&crm.client, &sql).await;
}

async fn aged(crm: &Migrated, age: &str) {
    let sql = format!(
        "update migration.migration_history set completed_at = now() - interval '{age}' where phase_number = 'run'"
    );
    batch(&crm.client, &sql).await;
}

async fn refused(crm: &Migrated, words: &str) {
    let (code, out, err) = crm.run(&[RETIRE[0], RETIRE[1], "--yes"]).await;
    assert_eq!(code, 2, "{out}{err}");
    assert!(err.contains(words), "{words}: {err}");
}

/// What a client of the new words sees, without the columns that go.
async fn new_face(crm: &Migrated) -> Vec<String> {
    let mut found = vec![];
    for view in [
        "opportunities",
        "opportunities_summary",
        "opportunities_with_status",
        "opportunities_with_participants",
        "opportunities_legacy",
        "opportunity_notes",
        "contacts",
        "companies_summary",
    ] {
        let sql = format!(
            "select '{view}', to_jsonb(t) - array['legacy_stage', 'original_company_id', 'company_id_backup'] \
               from public.{view} t order by id"
        );
        found.extend(lines(&crm.client, &sql).await);
    }
    let log = "select t.id, t.type, t.opportunity::jsonb - array['legacy_stage', 'original_company_id'] \
                 from public.opportunity_activity_log t order by t.id";
    found.extend(lines(&crm.client, log).await);
    found
}

/// Grants, owners, comments and options of the views that are made anew.
async fn dress(crm: &Migrated) -> Vec<String> {
    lines(
        &crm.client,
        "select c.oid::regclass::text, c.relowner::regrole, c.reloptions, obj_description(c.oid, 'pg_class'), \
                array(select x::text from unnest(c.relacl) x order by 1), \
                array(select concat_ws(' ', a.attname, a.attacl::text, col_description(a.attrelid, a.attnum)) from pg_attribute a \
                       where a.attrelid = c.oid and not a.attname = any (array['legacy_stage', 'original_company_id']) \
                         and coalesce(a.attacl::text, col_description(a.attrelid, a.attnum)) is not null order by 1) \
           from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'v' \
            and c.relname like 'opportunit%' or c.relname = 'board_of_theirs' order by 1",
    )
    .await
}

#[tokio::test]
async fn too_early_is_refused_and_says_until_when() {
    let crm = migrated(Baseline::Fork, "").await;
    refused(&crm, "is not verified").await;
    verified(&crm).await;
    refused(&crm, "can still be undone").await;
    aged(&crm, "29 days 23 hours").await;
    refused(&crm, "the old names are served until").await;
    aged(&crm, "40 days").await;
    // The same settings as the servers': a longer period, or an end of its own.
    for (name, value) in [("legacy_grace_days", "60"), ("legacy_sunset", "2999-01-31")] {
        let set = |verb: &str| {
            format!(
                "alter role authenticator in database {} {verb}",
                crm.db.name
            )
        };
        batch(&crm.client, &set(&format!("set pgrst.{name} = '{value}'"))).await;
        refused(&crm, "the old names are served until").await;
        batch(&crm.client, &set(&format!("reset pgrst.{name}"))).await;
    }
    // Somebody else's view, and nobody to confirm.
    batch(
        &crm.client,
        "create view public.their_board as select id, stage from public.deals",
    )
    .await;
    refused(&crm, "still used by view public.their_board").await;
    batch(
        &crm.client,
        "drop view public.their_board; create view public.their_board as select id, legacy_stage from public.opportunities",
    )
    .await;
    refused(&crm, "still used by view public.their_board").await;
    // A trigger of theirs whose function says an old column would refuse every write afterwards.
    for table in ["opportunities", "\"opportunityNotes\"", "contacts"] {
        let sql = format!(
            "drop schema if exists bi cascade; drop view if exists public.their_board; create schema bi; \
             create function bi.guard() returns trigger language plpgsql as \
               $$ begin if false then perform new.legacy_stage; end if; return new; end $$; \
             create trigger site_bi before update on public.{table} for each row execute function bi.guard()"
        );
        batch(&crm.client, &sql).await;
        refused(&crm, "still used by trigger site_bi on").await;
        refused(&crm, "(function bi.guard() names something old)").await;
    }
    // The same where a policy stands on it, or the trigger's function calls it, however deep.
    for in_the_way in [
        "create policy site_may on public.opportunities as restrictive for select to authenticated using (bi.may(id))",
        "create function bi.guard() returns trigger language plpgsql as $$ begin perform bi.may (new.id); return new; end $$; \
         create trigger site_bi after update on public.opportunities for each row execute function bi.guard()",
        "create function bi.\"H x\"(i bigint) returns boolean language sql as 'select bi.may(i)'; \
         create function bi.inner_may(i bigint) returns boolean language sql as 'select bi.\"H x\"(i)'; \
         create policy site_may on public.opportunities as restrictive for select to authenticated using (bi.inner_may(id))",
    ] {
        let sql = format!(
            "drop schema bi cascade; create schema bi; create function bi.may(i bigint) returns boolean language plpgsql as \
               $$ begin return exists (select from public.opportunities o where o.id = i and o.legacy_stage is not null); end $$; {in_the_way}"
        );
        batch(&crm.client, &sql).await;
        refused(&crm, "(function bi.may(bigint) names something old)").await;
    }
    batch(&crm.client, "drop schema bi cascade").await;
    let (code, _, err) = crm.run(&RETIRE).await;
    assert_eq!(code, 2, "{err}");
    assert!(
        err.contains("no terminal") && err.contains("view public.deals"),
        "{err}"
    );
    let there = "select count(*) from public.deals where stage is not null";
    assert_ne!(text(&crm.client, there).await.as_deref(), Some("0"));
    // A plain cleanup leaves the old names alone.
    let (code, _, err) = crm.run(&["cleanup", "--yes"]).await;
    assert_eq!(code, 0, "{err}");
    assert_ne!(text(&crm.client, there).await.as_deref(), Some("0"));
}

#[tokio::test]
async fn everything_of_the_old_words_goes_and_nothing_else() {
    for baseline in BASELINES {
        let crm = migrated(baseline, "").await;
        batch(
            &crm.client,
            "create view public.board_of_theirs as select id, stage, company_name from public.opportunities_summary; \
             comment on view public.board_of_theirs is 'Ours.'; \
             grant select on public.board_of_theirs to service_role; \
             comment on view public.opportunities_summary is 'Read by the board.'; \
             create function public.their_report() returns bigint language sql as 'select count(*) from public.opportunities'; \
             create function public.their_old_report() returns bigint language plpgsql as \
               $$ begin return (select count(*) from public.deals); end $$; \
             create schema bi; \
             create function bi.old_board() returns bigint language plpgsql as \
               $$ begin return (select count(*) from public.\"dealNotes\"); end $$; \
             grant select (id, legacy_stage, name) on public.opportunities_summary to pg_monitor; \
             comment on column public.opportunities_summary.legacy_stage is 'In old words.'; \
             comment on column public.opportunities_summary.name is 'Not legacy_stage.'; \
             update public.deals set stage = 'A contract is signed' where id = (select min(id) from public.deals)",
        )
        .await;
        verified(&crm).await;
        aged(&crm, "31 days").await;
        let (face, dressed) = (new_face(&crm).await, dress(&crm).await);
        let (code, out, err) = crm.run(&[RETIRE[0], RETIRE[1], "--yes", "--json"]).await;
        assert_eq!(code, 0, "{baseline:?}: {out}{err}");
        told(&err);
        reported(&serde_json::from_str(&out).expect("JSON"));
        for view in OLD_VIEWS {
            let sql = format!("select to_regclass('{view}') is null");
            assert_eq!(
                text(&crm.client, &sql).await.as_deref(),
                Some("t"),
                "{view}"
            );
        }
        let left = "select a.attrelid::regclass, a.attname from pg_attribute a \
                     where a.attname = any (array['legacy_stage', 'original_company_id', 'company_id_backup']) and not a.attisdropped \
                       and a.attrelid in (select oid from pg_class where relnamespace = 'public'::regnamespace)";
        assert_eq!(lines(&crm.client, left).await, Vec::<String>::new());
        assert_eq!(new_face(&crm).await, face, "{baseline:?}");
        assert_eq!(dress(&crm).await, dressed, "{baseline:?}");
        the_new_words_work(&crm).await;
        and_there_is_no_way_back(&crm, baseline).await;
    }
}

fn told(err: &str) {
    for words in [
        "view public.deals",
        "column public.opportunities.legacy_stage (",
        "index public.opportunities_legacy_stage_index_idx (",
        "made anew without them:",
        "function public.opportunities_before_update()",
        "A contract is signed",
        "function public.their_old_report() names something old",
        "function bi.old_board() names something old",
    ] {
        assert!(err.contains(words), "{words}: {err}");
    }
    assert_eq!(err.matches("names something old").count(), 2, "{err}");
}

fn reported(report: &Value) {
    let retirement = &report["retirement"];
    let items = retirement["items"].as_array().expect("a list");
    let named = |name: &str| items.iter().any(|item| item["name"] == name);
    assert!(
        OLD_VIEWS.iter().all(|view| named(&format!("view {view}"))),
        "{items:?}"
    );
    assert!(
        retirement["bytes_freed"].as_i64() >= Some(8192),
        "{retirement}"
    );
    assert!(
        retirement["bytes_reusable"].as_i64() > Some(0),
        "{retirement}"
    );
    let file = report["file"].as_str().expect("a path");
    let written: Value =
        serde_json::from_slice(&std::fs::read(file).expect("the file")).expect("JSON");
    assert_eq!(written["retirement"]["items"], retirement["items"]);
}

/// Probability and dates follow the stage, an upsert of a row that is there is an update, and whoever
/// subscribed to events in old words still gets them.
async fn the_new_words_work(crm: &Migrated) {
    batch(
        &crm.client,
        "insert into webhooks.subscription (url, events, secret) \
           values ('http://127.0.0.1:1/', array['deal.stage_changed', 'opportunity.stage_changed'], 'x'); \
         insert into public.opportunities (id, name, stage) values (90001, 'After', 'proposal'); \
         update public.opportunities set stage = 'closed_won' where id = 90001; \
         insert into public.opportunities (id, name) values (90001, 'Saved') \
           on conflict (id) do update set name = excluded.name; \
         insert into public.\"opportunityNotes\" (id, opportunity_id, text) values (90001, 90001, 'a note')",
    )
    .await;
    let row = "select name, stage, probability, actual_close_date = current_date, company_id is null \
                 from public.opportunities_summary where id = 90001";
    assert_eq!(lines(&crm.client, row).await, ["Saved|closed_won|100|t|t"]);
    let told = "select d.event, o.previous_stage, o.previous_legacy_stage = private.stage_reverse('proposal'), \
                       o.image ->> 'legacy_stage' = private.stage_reverse('closed_won'), o.image ->> 'name' \
                  from webhooks.delivery d join webhooks.outbox o on o.id = d.outbox_id \
                 where o.record_id = 90001 order by d.event";
    assert_eq!(
        lines(&crm.client, told).await,
        [
            "deal.stage_changed|proposal|t|t|After",
            "opportunity.stage_changed|proposal|t|t|After",
        ]
    );
    assert_eq!(
        text(
            &crm.client,
            "select public.their_report() = count(*) from public.board_of_theirs"
        )
        .await
        .as_deref(),
        Some("t")
    );
    let merge = "select public.merge_contacts(2, 1)";
    assert_eq!(text(&crm.client, merge).await.as_deref(), Some("1"));
}

async fn and_there_is_no_way_back(crm: &Migrated, baseline: Baseline) {
    for arguments in [
        &["rollback", "--yes"][..],
        &[
            "rollback",
            "--yes",
            "--to",
            "backup",
            "--force-expired",
            "a test",
        ],
        &["verify"],
    ] {
        let (code, out, err) = crm.run(arguments).await;
        assert_eq!(code, 2, "{arguments:?}: {out}{err}");
        assert!(err.contains("were removed on"), "{err}");
    }
    let (code, out, err) = crm.run(&["run", "--yes"]).await;
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("nothing to do"), "{out}");
    let (code, out, err) = crm.run(&[RETIRE[0], RETIRE[1], "--yes"]).await;
    assert_eq!(code, 0, "{err}");
    assert!(
        out.contains("nothing to clean up") && err.contains("old names: removed on"),
        "{out}{err}"
    );
    let (_, out, _) = crm.run(&["status"]).await;
    assert!(out.contains("old names: removed on"), "{out}");
    let folder = crm.reports();
    let (code, _, err) = crm
        .run(&["report", "--output", &folder.display().to_string()])
        .await;
    assert_eq!(code, 0, "{err}");
    // The schema's own files and policies come over it as before.
    let mut client = crm.db.admin_client().await;
    let applied = migrations::apply(&mut client, baseline, false).await;
    assert_eq!(applied.expect("applied").migrations, Vec::<&str>::new());
}

/// Sends until the answer is as expected; a reload takes its time.
async fn wait_for(crm: &Crm, is_right: impl Fn(&reqwest::Response) -> bool) {
    for _ in 0..400 {
        let answer = crm
            .send(Method::GET, "/rest/v1/deals?limit=1", &[], None)
            .await;
        if is_right(&answer) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("the answer did not change");
}

#[tokio::test]
async fn a_server_counts_from_the_recorded_completion_and_notices_the_end() {
    let (db, client) = crate::schema::before(Baseline::Upstream).await;
    super::expect(&db, &["run", "--pause", "0"], 0).await;
    let crm = Crm::serve(db, |_| {}).await;
    let completed: i64 = {
        let sql = "select floor(extract(epoch from completed_at))::bigint from migration.migration_history where phase_number = 'run'";
        client.query_one(sql, &[]).await.expect("the row").get(0)
    };
    let answer = crm.send(Method::GET, "/deals", &[], None).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(
        header(&answer, "deprecation"),
        Some(format!("@{completed}").as_str())
    );
    let sunset =
        httpdate::parse_http_date(header(&answer, "sunset").expect("a date")).expect("a date");
    let end = sunset
        .duration_since(std::time::UNIX_EPOCH)
        .expect("after 1970")
        .as_secs();
    assert_eq!(i64::try_from(end).ok(), Some(completed + 30 * 24 * 60 * 60));
    // Thirty days later.
    batch(
        &client,
        "update migration.migration_history set completed_at = completed_at - interval '30 days' where phase_number = 'run'; \
         insert into migration.migration_history (run_id, phase_number, phase_name, status, completed_at) \
           select run_id, 'verify', 'verification', 'completed', now() from migration.migration_history where phase_number = 'run'; \
         notify pgrst, 'reload config'",
    )
    .await;
    wait_for(&crm, |answer| answer.status() == 410).await;
    // A longer period while nothing is removed, and its end again.
    let set = |days: &str| {
        format!(
            "alter role authenticator in database {} set pgrst.legacy_grace_days = '{days}'; notify pgrst, 'reload config'",
            crm.db.name
        )
    };
    batch(&client, &set("60")).await;
    wait_for(&crm, |answer| answer.status() == 200).await;
    super::expect(&crm.db, &RETIRE, 2).await;
    batch(&client, &set("10")).await;
    wait_for(&crm, |answer| answer.status() == 410).await;
    super::expect(&crm.db, &RETIRE, 0).await;
    // What is gone does not come back with a longer period, and the new words go on.
    batch(&client, &set("60")).await;
    let body = json!({"name": "After the end", "stage": "lead"});
    for _ in 0..4 {
        for (path, status) in [
            ("/deals", 410),
            ("/rest/v1/dealNotes", 410),
            ("/rest/v1/companies?select=id,deals(id)", 410),
            ("/opportunities", 200),
            ("/rest/v1/opportunities?select=*", 200),
            ("/rest/v1/opportunities_summary", 200),
        ] {
            let answer = crm.send(Method::GET, path, &[], None).await;
            assert_eq!(answer.status(), status, "{path}");
            if status == 410 {
                let error: Value = answer.json().await.expect("JSON");
                assert_eq!(error["code"], "OPP410");
            }
        }
        let (status, made) = crm
            .write(Method::POST, "/rest/v1/opportunities", &body)
            .await;
        assert_eq!(status, 201, "{made}");
        assert_eq!(made[0]["probability"], 10);
        batch(&client, "notify pgrst, 'reload schema'").await;
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    wait_for(&crm, |answer| answer.status() == 410).await;
}
