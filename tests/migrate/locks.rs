//! A step asks for all its locks before it changes anything, so that it never waits for a table while it
//! holds another: what the files really lock is what is asked for.

use std::collections::BTreeMap;

use oppbase::migrate::operation::{Operation, cutover, phases, statements};
use oppbase::migrate::table_locks::{Mode, TableLock};
use oppbase::pg::migrations;
use tokio_postgres::Client;

use crate::schema::{BASELINES, batch, before};

/// Tables that are there before the run, under the names of then, and the strongest lock of this session that
/// keeps writers out.
const HELD: &str = "\
    select t.name, max(case l.mode when 'AccessExclusiveLock' then 2 else 1 end) \
      from pg_temp.tables t join pg_locks l on l.relation = t.oid and l.pid = pg_backend_pid() \
     where l.mode in ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock') \
     group by 1";

type Locks = BTreeMap<String, i32>;

async fn held(client: &Client) -> Locks {
    let rows = client.query(HELD, &[]).await.expect("the locks");
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

fn asked_for(locks: &[TableLock<'_>]) -> Locks {
    let level = |mode| match mode {
        Mode::ShareRowExclusive => 1,
        Mode::AccessExclusive => 2,
    };
    locks
        .iter()
        .map(|(table, mode)| ((*table).to_owned(), level(*mode)))
        .collect()
}

#[tokio::test]
async fn every_step_asks_for_what_it_locks() {
    let mut locking = 0;
    for baseline in BASELINES {
        let (_db, client) = before(baseline).await;
        batch(
            &client,
            "create temp table tables as select c.oid, format('%I.%I', n.nspname, c.relname) as name \
               from pg_class c join pg_namespace n on n.oid = c.relnamespace \
              where c.relkind in ('r', 'p') and n.nspname in ('public', 'auth', 'storage')",
        )
        .await;
        for phase in phases(baseline) {
            for operation in &phase.operations {
                batch(&client, "begin").await;
                let expected = match operation {
                    Operation::Statements(file) => {
                        batch(&client, file.sql).await;
                        Some(asked_for(statements::locks(file.name)))
                    }
                    Operation::Cutover(files) => {
                        let policies = migrations::policies();
                        let policies = policies.iter().map(|(_, sql)| *sql);
                        for sql in files.iter().map(|file| file.sql).chain(policies) {
                            batch(&client, sql).await;
                        }
                        Some(asked_for(&cutover::locks(baseline)))
                    }
                    Operation::Adopt(file) if file.is_baseline => None,
                    Operation::Batches(file, _)
                    | Operation::Indexes(file)
                    | Operation::Adopt(file) => {
                        batch(&client, file.sql).await;
                        None
                    }
                    _ => None,
                };
                if let Some(expected) = expected {
                    locking += usize::from(!expected.is_empty());
                    assert_eq!(held(&client).await, expected, "{}", operation.name());
                }
                batch(&client, "commit").await;
            }
        }
    }
    assert_eq!(locking, 12, "five files and the cut-over of each product");
}
