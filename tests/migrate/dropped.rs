//! A column that somebody drops while a run is at work: nobody's write fails, the rest of the table is compared
//! all the same, and the column is named.

use super::online_writes::{backed_up, crm, ended, run};
use super::{finished, migrate};
use crate::common::TestDb;
use crate::schema::{BASELINES, batch, lines, text};

/// `migrate verify`: its exit code and all that it said.
async fn verified(db: &TestDb) -> (Option<i32>, String) {
    let done = finished(migrate(db, &["verify", "--no-performance"])).await;
    (done.code, done.stdout + &done.stderr)
}

#[tokio::test]
async fn a_dropped_column_is_named_and_the_others_are_compared() {
    for baseline in BASELINES {
        let (db, client) = crm(baseline).await;
        batch(
            &client,
            "alter table public.tasks add column note2 text; alter table public.companies add column mine text; \
             update public.tasks set note2 = 'note ' || id; update public.companies set mine = 'mine ' || id",
        )
        .await;
        let mut child = run(&db, &["--pause", "30ms"]).spawn().expect("it starts");
        let writer = db.admin_client().await;
        backed_up(&writer, &mut child).await;
        let phase = "select count(*) from migration.migration_history \
                      where phase_number = '1.1' and step is null and status = 'completed'";
        while text(&writer, phase).await.as_deref() == Some("0") {
            assert!(child.try_wait().expect("a child").is_none(), "it ended");
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        for writes in [
            "update public.tasks set text = 'with the column' where id in (1, 2); \
             update public.companies set description = 'with the column' where id = 1",
            "alter table public.tasks drop column note2; alter table public.companies drop column mine",
            "update public.tasks set text = 'without it' where id = 2; delete from public.tasks where id = 3; \
             insert into public.tasks (contact_id, type, text, due_date) values (2, 'Call', 'new', '2024-01-01'); \
             update public.companies set description = 'without it' where id = 2",
        ] {
            batch(&writer, writes).await;
        }
        let (code, said) = ended(child).await;
        assert_eq!(code, Some(0), "{baseline:?} {said}");
        assert!(
            said.contains("verification: SUCCESS_WITH_WARNINGS"),
            "{said}"
        );
        let found: Vec<&str> = said
            .lines()
            .filter(|line| line.contains("content.") || line.contains("counts."))
            .collect();
        assert_eq!(found.len(), 2, "{baseline:?} {found:#?}");
        for (table, column) in [("tasks.columns", "note2"), ("companies.columns", "mine")] {
            assert!(
                found
                    .iter()
                    .any(|line| line.contains(table) && line.contains(column)),
                "{found:#?}"
            );
        }
        let unnoted = "select count(*) from migration.trace where failure is not null";
        assert_eq!(text(&client, unnoted).await.as_deref(), Some("0"));
        let before = "select checksums ? 'note2' from migration.trace \
                       where relation = 'tasks' and checksums is not null order by seq";
        assert_eq!(lines(&client, before).await, ["t", "t", "f", "f"]);

        // What is not the users' doing is seen: in a row, and in the copy, of whichever column.
        batch(
            &client,
            "set session_replication_role = replica; update public.tasks set text = 'tampered' where id = 4",
        )
        .await;
        let (code, said) = verified(&db).await;
        assert_eq!(code, Some(0), "{said}");
        assert!(
            said.contains("content.tasks.rows") && said.contains("changed 4: text"),
            "{said}"
        );
        assert!(!said.contains("content.tasks.copy"), "{said}");
        let copy = text(
            &client,
            "select copy_name from migration.migration_backups where table_name = 'tasks'",
        )
        .await
        .expect("a copy");
        batch(
            &client,
            &format!("update crm_backup.\"{copy}\" set note2 = 'tampered' where id = 1"),
        )
        .await;
        let (code, said) = verified(&db).await;
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("content.tasks.copy"), "{said}");
    }
}
