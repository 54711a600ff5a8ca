//! A site's own roles write on under the old names, where nothing but the note is written, and see no row more.

use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::back::account;
use super::crm::named;
use super::expect;
use crate::schema::{BASELINES, batch, before, lines};

const RUN: [&str; 3] = ["run", "--pause", "0"];

/// A role whose rows a policy of the site chooses, and one that edits only.
const ROLES: &str = "\
    do $$ begin create role carry_writer; create role carry_editor bypassrls; \
      exception when duplicate_object then null; end $$; \
    grant usage on schema public, auth to carry_writer, carry_editor; grant select on public.sales to carry_writer; \
    grant select, insert, update, delete on {deal_notes} to carry_writer; \
    grant select, update on {deal_notes} to carry_editor; \
    grant select, insert, update on public.deals to carry_writer; \
    create policy \"what is not secret\" on {deal_notes} to carry_writer \
      using (text is distinct from 'secret') with check (text is distinct from 'secret')";

/// Runs it as the role; the rows, or the code of the refusal.
async fn as_role(client: &Client, role: &str, sql: &str) -> Result<u64, String> {
    batch(client, &format!("set role {role}")).await;
    let done = client.execute(sql, &[]).await;
    batch(client, "reset role").await;
    done.map_err(|error| {
        error
            .code()
            .map_or_else(|| error.to_string(), |code| code.code().to_owned())
    })
}

/// What the writer does, under a name of the notes.
async fn writes(client: &Client, notes: &str) {
    let make = format!(
        "insert into {notes} (id, deal_id, text, date) values (7000, 101, 'made', '2024-01-01')"
    );
    assert_eq!(as_role(client, "carry_writer", &make).await, Ok(1));
    for role in ["carry_writer", "carry_editor"] {
        let edit = format!("update {notes} set text = 'by {role}' where id = 7000");
        assert_eq!(as_role(client, role, &edit).await, Ok(1), "{role} {notes}");
    }
    let refused = Err(SqlState::INSUFFICIENT_PRIVILEGE.code().to_owned());
    // The policy holds, for reading and for writing.
    let hide = format!("update {notes} set text = 'secret' where id = 7000");
    assert_eq!(as_role(client, "carry_writer", &hide).await, refused);
    let hidden = format!("update {notes} set type = 'x' where id = 7001");
    assert_eq!(as_role(client, "carry_writer", &hidden).await, Ok(0));
    let read = format!("select from {notes} where id = 7001");
    assert_eq!(as_role(client, "carry_writer", &read).await, Ok(0));
    assert_eq!(as_role(client, "carry_editor", &read).await, Ok(1));
    let delete = format!("delete from {notes} where id = 7000");
    assert_eq!(as_role(client, "carry_editor", &delete).await, refused);
    assert_eq!(as_role(client, "carry_writer", &delete).await, Ok(1));
}

/// The tables that the role reads.
async fn readable(client: &Client, role: &str) -> Vec<String> {
    let sql = format!(
        "select c.relname from pg_class c where c.relnamespace = any (array['public', 'private', 'migration', 'crm_backup', 'webhooks']::regnamespace[]) \
           and c.relkind = 'r' and has_any_column_privilege('{role}', c.oid, 'select') order by 1"
    );
    lines(client, &sql).await
}

#[tokio::test]
async fn a_sites_own_roles_write_notes_on_under_the_old_names() {
    let _alone = super::rights_together::ROLES.lock().await;
    for baseline in BASELINES {
        let (db, client) = before(baseline).await;
        batch(&client, &named(ROLES, baseline)).await;
        let secret = "insert into {deal_notes} (id, deal_id, text, date) values (7001, 101, 'secret', '2024-01-01')";
        batch(&client, &named(secret, baseline)).await;
        let was = account(&client).await;
        let old = named("{deal_notes}", baseline);
        writes(&client, &old).await;
        expect(&db, &RUN, 0).await;
        for notes in ["public.deal_notes", "public.\"dealNotes\""] {
            writes(&client, notes).await;
        }
        assert_eq!(
            readable(&client, "carry_writer").await,
            ["opportunities", "opportunityNotes", "sales"]
        );
        assert_eq!(
            readable(&client, "carry_editor").await,
            ["opportunityNotes"]
        );
        // Deals are another matter, which S2-grants names beforehand.
        let deal = "insert into public.deals (name, stage) values ('x', 'won')";
        assert!(as_role(&client, "carry_writer", deal).await.is_err());
        expect(&db, &["rollback"], 0).await;
        let is = account(&client).await;
        let differs = |line: &&String| !line.contains("sequence|");
        assert_eq!(
            is.iter().filter(differs).collect::<Vec<_>>(),
            was.iter().filter(differs).collect::<Vec<_>>(),
            "{baseline:?}"
        );
        writes(&client, &old).await;
    }
}
