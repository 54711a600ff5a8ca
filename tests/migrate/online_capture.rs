//! What notes the changes while a run is at work: it sees writers of every kind, and a run does not go on when
//! somebody has switched it off.

use super::{expect, migrate};
use crate::common::TestDb;
use crate::schema::{BASELINES, batch, before, lines, text};

/// What the columns of the new face should say, from the old face: rows that are wrong.
const WRONG: &str = include_str!("wrong.sql");
const RESUME: [&str; 4] = ["run", "--resume", "--pause", "0"];

async fn begun(db: &TestDb) {
    expect(db, &["execute", "--phase", "1.1", "--pause", "0"], 0).await;
}

/// A subscription's worker, an import without triggers.
#[tokio::test]
async fn who_writes_as_a_replica_is_noticed() {
    for baseline in BASELINES {
        let (db, client) = before(baseline).await;
        begun(&db).await;
        batch(
            &client,
            "set session_replication_role = replica; \
             update public.deals set stage = 'won', company_id = 2 where id = 1; \
             insert into public.deals (id, name, stage, company_id, contact_ids) values (700, 'Applied', 'lost', 1, '{1,2}'); \
             reset session_replication_role",
        )
        .await;
        expect(&db, &RESUME, 0).await;
        assert_eq!(
            lines(&client, WRONG).await,
            Vec::<String>::new(),
            "{baseline:?}"
        );
        let stages = lines(
            &client,
            "select id, stage, legacy_stage, customer_organization_id from public.opportunities where id in (1, 700) order by 1",
        )
        .await;
        assert_eq!(stages.len(), 2);
        assert!(
            stages[0].contains("closed_won") && stages[1].contains("closed_lost"),
            "{stages:?}"
        );
    }
}

#[tokio::test]
async fn a_run_does_not_go_on_over_a_gap() {
    let gaps = [
        "drop trigger migration_capture_write on public.deals",
        "alter table public.contacts disable trigger all",
        // An import that cleans up after itself.
        "alter table public.tasks disable trigger all; update public.tasks set text = 'x' where id = 1; \
         alter table public.tasks enable trigger all",
    ];
    for gap in gaps {
        let (db, client) = before(BASELINES[0]).await;
        begun(&db).await;
        batch(&client, gap).await;
        let done = expect(&db, &RESUME, 2).await;
        assert!(
            done.stderr.contains("notes changes")
                && done.stderr.contains("hint: ")
                && done.stderr.contains("migrate rollback"),
            "{gap}: {}",
            done.stderr
        );
        let kind = "select relkind from pg_class where oid = 'public.deals'::regclass";
        assert_eq!(text(&client, kind).await.as_deref(), Some("r"), "{gap}");
        if gap != gaps[0] {
            continue;
        }
        // The hint is true.
        expect(&db, &["rollback"], 0).await;
        expect(&db, &["run", "--pause", "0"], 0).await;
        assert_eq!(lines(&client, WRONG).await, Vec::<String>::new(), "{gap}");
    }
}

#[tokio::test]
async fn the_cut_over_does_not_happen_over_a_gap() {
    let (db, client) = before(BASELINES[1]).await;
    begun(&db).await;
    // The last moment before it.
    batch(
        &client,
        "create function public.meddle() returns trigger language plpgsql as $$ begin \
           execute 'alter table public.tasks disable trigger migration_capture_write'; return null; end $$; \
         create trigger meddle after insert or update on migration.migration_history for each row \
           when (new.step = 'analyze' and new.status = 'completed') execute function public.meddle()",
    )
    .await;
    let done = super::finished(migrate(&db, &RESUME)).await;
    assert_eq!(done.code, Some(2), "{}", done.stderr);
    assert!(done.stderr.contains("notes changes"), "{}", done.stderr);
    let kind = "select relkind from pg_class where oid = 'public.deals'::regclass";
    assert_eq!(text(&client, kind).await.as_deref(), Some("r"));
}

#[tokio::test]
async fn new_keys_and_contacts_that_come_again_are_followed() {
    for baseline in BASELINES {
        let (db, client) = before(baseline).await;
        batch(
            &client,
            "insert into public.deals (id, name, stage, company_id, contact_ids) values (800, 'Dangling', 'won', 1, '{1,900}'), \
             (-9223372036854775808, 'Lowest', 'won', 1, '{1}')",
        )
        .await;
        expect(
            &db,
            &["execute", "--phase", "1.1,1.2,1.3,1.4", "--pause", "0"],
            0,
        )
        .await;
        let writes = super::crm::named(
            "insert into public.contacts (id, first_name, company_id) values (900, 'Back again', 1); \
             update {contact_notes} set id = 5001 where id = (select min(id) from {contact_notes}); \
             update {deal_notes} set id = 5002 where id = (select min(id) from {deal_notes}); \
             update public.tasks set id = 5003 where id = (select min(id) from public.tasks)",
            baseline,
        );
        batch(&client, &writes).await;
        expect(&db, &RESUME, 0).await;
        let contacts =
            "select count(*) from public.opportunity_contacts where opportunity_id = 800";
        assert_eq!(
            text(&client, contacts).await.as_deref(),
            Some("2"),
            "{baseline:?}"
        );
        let notes = match baseline {
            oppbase::pg::migrations::Baseline::Fork => "public.\"contactNotes\"",
            oppbase::pg::migrations::Baseline::Upstream => "public.contact_notes",
        };
        let orphans = format!(
            "select a.source, a.source_id from public.activities a where \
               a.source = 'contact_note' and not exists (select from {notes} n where n.id = a.source_id) or \
               a.source = 'deal_note' and not exists (select from public.\"opportunityNotes\" n where n.id = a.source_id) or \
               a.source = 'task' and not exists (select from public.tasks n where n.id = a.source_id)"
        );
        assert_eq!(
            lines(&client, &orphans).await,
            Vec::<String>::new(),
            "{baseline:?}"
        );
        assert_eq!(
            lines(&client, WRONG).await,
            Vec::<String>::new(),
            "{baseline:?}"
        );
    }
}
