//! Operation: the indexes of a file, one by one and concurrently, so that nobody waits.
//!
//! `create index concurrently` is no part of a transaction. An attempt that was cut off leaves an index that
//! is not valid: it is dropped and made anew. What is there and valid stays.

use tokio_postgres::Client;

use super::{Phase, statements};
use crate::migrate::engine::{Job, backoff, short};
use crate::migrate::error::Fault;
use crate::pg::migrations::{self, Migration};

/// A statement of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Index {
    /// Unquoted name, in schema public.
    name: String,
    /// Quoted name as in the file.
    quoted: String,
    /// The statement, concurrently.
    sql: String,
}

pub(super) async fn start(
    client: &mut Client,
    job: &Job,
    phase: &Phase,
    file: &Migration,
) -> Result<(), Fault> {
    let log = job.log.of_step(phase.number, file.name);
    let indexes = parse(file.sql);
    // Making one waits for older transactions to end, however long; it keeps nobody else out meanwhile.
    client.batch_execute("set lock_timeout = 0").await?;
    for index in &indexes {
        job.stop.check()?;
        job.lock.require(client).await?;
        let mut pauses = backoff().take(5);
        while !is_valid(client, &index.name).await? {
            drop_leftover(client, index).await?;
            let Err(error) = client.batch_execute(&index.sql).await else {
                continue;
            };
            let fault = Fault::from(error).at(&index.name);
            let Some(pause) = pauses.next().filter(|_| fault.is_contention()) else {
                return Err(fault);
            };
            job.stop.sleep(pause).await;
            job.stop.check()?;
        }
        log.info(&format!("index {}", index.name));
    }
    client.batch_execute("set lock_timeout = '10s'").await?;
    short(client, job, async |transaction| {
        migrations::record(transaction, file, &[file.sql]).await?;
        statements::finish(
            transaction,
            job,
            phase,
            file.name,
            Some(indexes.len() as i64),
        )
        .await
    })
    .await
}

/// Whether every index of the file is there and valid.
pub(super) async fn are_valid(client: &Client, file: &Migration) -> Result<bool, Fault> {
    for index in parse(file.sql) {
        if !is_valid(client, &index.name).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn is_valid(client: &Client, name: &str) -> Result<bool, Fault> {
    let sql = "select exists (select from pg_catalog.pg_index i \
                 join pg_catalog.pg_class c on c.oid = i.indexrelid \
                where c.relname = $1 and c.relnamespace = 'public'::regnamespace and i.indisvalid and i.indisready)";
    Ok(client.query_one(sql, &[&name]).await?.get(0))
}

async fn drop_leftover(client: &Client, index: &Index) -> Result<(), Fault> {
    client
        .batch_execute(&format!(
            "drop index concurrently if exists public.{}",
            index.quoted
        ))
        .await
        .map_err(|error| Fault::from(error).at(&index.name))
}

/// The statements of a file that has nothing but `create index` in it.
fn parse(sql: &str) -> Vec<Index> {
    let text: String = sql
        .lines()
        .filter(|line| !line.trim_start().starts_with("--"))
        .collect::<Vec<_>>()
        .join("\n");
    text.split(';')
        .filter_map(|statement| {
            let rest = statement.trim().strip_prefix("create index ")?;
            let rest = rest.strip_prefix("if not exists ").unwrap_or(rest);
            let quoted = rest.split_whitespace().next()?.to_owned();
            Some(Index {
                name: quoted.trim_matches('"').to_owned(),
                sql: format!("create index concurrently if not exists {rest}"),
                quoted,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pg::migrations::Baseline;

    #[test]
    fn every_statement_of_the_index_files_is_understood() {
        let mut seen = 0;
        for baseline in [Baseline::Fork, Baseline::Upstream] {
            for file in migrations::migrations(baseline) {
                if !file.name.ends_with("indexes") {
                    continue;
                }
                let statements = file
                    .sql
                    .lines()
                    .filter(|line| !line.starts_with("--"))
                    .collect::<String>()
                    .matches(';')
                    .count();
                let indexes = parse(file.sql);
                assert_eq!(indexes.len(), statements, "{}", file.name);
                seen += indexes.len();
            }
        }
        assert!(seen > 30);
    }

    #[test]
    fn an_index_is_made_concurrently_under_its_name() {
        let found = parse(
            "-- a; b\ncreate index if not exists \"X_idx\" on public.t (a)\n  where a > 0;\n",
        );
        assert_eq!(
            found,
            vec![Index {
                name: "X_idx".into(),
                quoted: "\"X_idx\"".into(),
                sql: "create index concurrently if not exists \"X_idx\" on public.t (a)\n  where a > 0".into(),
            }]
        );
    }
}
