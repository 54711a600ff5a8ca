//! The batch loop: rows are carried over in key order, at most `--batch-size` at a time, each batch with its
//! own progress row in one transaction.
//!
//! In: a file whose statements take the key range from `migration.low` and `migration.high`. Out: rows
//! carried over; those that cannot be are in `migration_errors`, and too many of them stop the run. A batch
//! holds locks on the rows it writes, so its size follows its duration: beside live traffic nobody should
//! notice it.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio_postgres::{Client, GenericClient, SimpleQueryMessage, Transaction};

use super::engine::{Job, backoff};
use super::error::Fault;
use super::operation::capture;
use super::state::{self, Incident};
use crate::pg::migrations::Migration;

/// Longest batch beside live traffic, and offline.
const ONLINE_TARGET: Duration = Duration::from_millis(400);
const OFFLINE_TARGET: Duration = Duration::from_secs(5);
/// First batch.
const FIRST_SIZE: i64 = 1000;
const SMALLEST_SIZE: i64 = 50;
/// How long a batch waits for a row that somebody else has locked: less than deadlock_timeout.
const LOCK_TIMEOUT: &str = "set local lock_timeout = '300ms'";
/// A progress line at most this often.
const PROGRESS_EVERY: Duration = Duration::from_secs(1);
/// Rows that may fail, in percent of all; from this share on the run stops.
const TOLERATED_PERCENT: i64 = 1;
/// How often a row is tried that is refused, and the pause before the second time; the third comes later.
const TRIES: u32 = 3;
const RETRY_PAUSE: Duration = Duration::from_millis(50);

/// One file on its way through one table.
#[derive(Debug)]
pub struct Backfill {
    phase: &'static str,
    step: &'static str,
    sql: &'static str,
    kind: &'static str,
    table: &'static str,
}

/// Where a step is: its row of `migration_progress`.
#[derive(Debug, Clone, Copy)]
struct Position {
    /// None before the first batch.
    last_key: Option<i64>,
    /// The highest key when it began. Rows above were written since, and are noted by the capture; to go after
    /// them too might never end.
    end: i64,
    rows: i64,
    total: i64,
    batches: i32,
}

/// The next keys: first and last, and how many rows are between.
#[derive(Debug, Clone, Copy)]
struct Range {
    low: i64,
    high: i64,
    count: i64,
}

impl Backfill {
    /// Prepares; reads nothing yet.
    ///
    /// # Errors
    /// When the kind of row is unknown, which a test rules out.
    pub fn new(
        job: &Job,
        phase: &'static str,
        file: &Migration,
        kind: &'static str,
    ) -> Result<Self, Fault> {
        let table = capture::table(kind, job.baseline)
            .ok_or_else(|| Fault::failed(format!("no table holds {kind}")))?;
        Ok(Self {
            phase,
            step: file.name,
            sql: file.sql,
            kind,
            table,
        })
    }

    /// The table that it goes through, quoted.
    pub(super) fn table(&self) -> &'static str {
        self.table
    }

    /// Carries all rows over, from where an earlier attempt stopped. Returns the number of rows.
    pub(super) async fn run(&self, client: &mut Client, job: &Job) -> Result<i64, Fault> {
        let log = job.log.of_step(self.phase, self.step);
        let mut position = self.begin(client, job).await?;
        let limit = i64::from(job.options.batch_size);
        let mut size = FIRST_SIZE.min(limit);
        let mut told = Instant::now();
        loop {
            job.stop.check()?;
            let started = Instant::now();
            let Some((next, waited)) = self.batch(client, job, position, &mut size).await? else {
                break;
            };
            position = next;
            size = next_size(size, limit, started.elapsed(), waited, job.settings.offline);
            log.trace(
                "batch",
                &json!({"rows": position.rows, "total": position.total, "batch": position.batches,
                        "ms": started.elapsed().as_millis() as u64, "next_size": size}),
            );
            if told.elapsed() >= PROGRESS_EVERY {
                told = Instant::now();
                log.info_with(
                    &progress_line(position),
                    &json!({"rows": position.rows, "total": position.total}),
                );
            }
            job.stop.sleep(job.options.pause).await;
        }
        log.info_with(
            &format!("{} rows", position.rows),
            &json!({"rows": position.rows, "batches": position.batches}),
        );
        Ok(position.rows)
    }

    /// Makes or reads the progress row.
    async fn begin(&self, client: &Client, job: &Job) -> Result<Position, Fault> {
        let sql = format!(
            "select count(*), coalesce(max(t.id), 0) from {} t",
            self.table
        );
        let found = client.query_one(&sql, &[]).await?;
        let (total, end): (i64, i64) = (found.get(0), found.get(1));
        let row = client
            .query_one(BEGIN, &[&job.run.id, &self.phase, &self.step, &total])
            .await?;
        Ok(Position {
            last_key: row.get(0),
            end,
            rows: row.get(1),
            total,
            batches: row.get(2),
        })
    }

    /// One batch, tried again and made smaller while others are in the way. None at the end of the table.
    /// The flag says whether somebody was in the way.
    async fn batch(
        &self,
        client: &mut Client,
        job: &Job,
        position: Position,
        size: &mut i64,
    ) -> Result<Option<(Position, bool)>, Fault> {
        let mut pauses = backoff();
        let (mut waited, mut again) = (false, false);
        loop {
            let (range, failed) = match self.attempt(client, job, position, *size).await {
                Ok(Some((next, ()))) => return Ok(Some((next, waited))),
                Ok(None) => return Ok(None),
                Err(failed) => failed,
            };
            if failed.is_contention() || failed.sqlstate.as_deref() == Some("57014") {
                waited = true;
                *size = (*size / 2).max(SMALLEST_SIZE.min(*size));
                let Some(pause) = pauses.next() else {
                    return Err(failed.at(self.step));
                };
                job.stop.sleep(pause).await;
                job.stop.check()?;
            } else if is_about_a_row(&failed) && !again {
                // What it names may have been on its way out: the next look finds neither.
                again = true;
            } else if let Some(range) = range.filter(|_| is_about_a_row(&failed)) {
                let next = self.row_by_row(client, job, position, range).await?;
                return Ok(Some((next, waited)));
            } else {
                return Err(failed.at(self.step));
            }
        }
    }

    /// The transaction of one batch.
    async fn attempt(
        &self,
        client: &mut Client,
        job: &Job,
        position: Position,
        size: i64,
    ) -> Result<Option<(Position, ())>, (Option<Range>, Fault)> {
        let early = |error: tokio_postgres::Error| (None, Fault::from(error));
        let transaction = client.transaction().await.map_err(early)?;
        transaction
            .batch_execute(LOCK_TIMEOUT)
            .await
            .map_err(early)?;
        job.lock
            .require(&transaction)
            .await
            .map_err(|e| (None, e))?;
        let range = self.range(&transaction, position, size).await;
        let Some(range) = range.map_err(|e| (None, e))? else {
            return Ok(None);
        };
        let late = |fault: Fault| (Some(range), fault);
        carry_over(
            &transaction,
            job,
            self.sql,
            Keys::Range(range.low, range.high),
        )
        .await
        .map_err(late)?;
        let next = Position {
            last_key: Some(range.high),
            rows: position.rows + range.count,
            batches: position.batches + 1,
            ..position
        };
        self.keep(&transaction, job, next, size)
            .await
            .map_err(late)?;
        transaction.commit().await.map_err(|e| late(e.into()))?;
        Ok(Some((next, ())))
    }

    async fn range(
        &self,
        client: &impl GenericClient,
        position: Position,
        size: i64,
    ) -> Result<Option<Range>, Fault> {
        let sql = format!(
            "select min(x.id), max(x.id), count(*) \
               from (select t.id from {} t where t.id >= $1 and t.id <= $2 order by t.id limit $3) x",
            self.table
        );
        let Some(first) = position
            .last_key
            .map_or(Some(i64::MIN), |key| key.checked_add(1))
        else {
            return Ok(None);
        };
        let row = client
            .query_one(&sql, &[&first, &position.end, &size])
            .await?;
        let low: Option<i64> = row.get(0);
        Ok(low.map(|low| Range {
            low,
            high: row.get::<_, Option<i64>>(1).unwrap_or(low),
            count: row.get(2),
        }))
    }

    /// Writes the progress row.
    async fn keep(
        &self,
        transaction: &Transaction<'_>,
        job: &Job,
        position: Position,
        size: i64,
    ) -> Result<(), Fault> {
        transaction
            .execute(
                KEEP,
                &[
                    &job.run.id,
                    &self.phase,
                    &self.step,
                    &position.rows,
                    &position.batches,
                    &position.last_key,
                    &size,
                ],
            )
            .await?;
        Ok(())
    }

    /// The batch again, a transaction per row; a row that fails is recorded and left out.
    async fn row_by_row(
        &self,
        client: &mut Client,
        job: &Job,
        position: Position,
        range: Range,
    ) -> Result<Position, Fault> {
        let log = job.log.of_step(self.phase, self.step);
        log.warn(&format!(
            "a row between {} and {} cannot be carried over; row by row",
            range.low, range.high
        ));
        let sql = format!(
            "select t.id from {} t where t.id between $1 and $2 order by t.id",
            self.table
        );
        let keys: Vec<i64> = client
            .query(&sql, &[&range.low, &range.high])
            .await?
            .iter()
            .map(|row| row.get(0))
            .collect();
        let mut position = Position {
            batches: position.batches + 1,
            ..position
        };
        for key in keys {
            job.stop.check()?;
            position.last_key = Some(key);
            position.rows += 1;
            let transaction = client.transaction().await?;
            transaction
                .batch_execute("set local lock_timeout = '5s'")
                .await?;
            job.lock.require(&transaction).await?;
            if let Some(fault) = self.refusal(&transaction, job, key).await? {
                self.leave_out(&transaction, job, key, &fault).await?;
            }
            self.keep(&transaction, job, position, 1).await?;
            transaction.commit().await?;
        }
        self.require_few_failures(client, job, position.total)
            .await?;
        Ok(position)
    }

    /// Carries one row over; why it was refused. It is tried again, because what it names may have been on
    /// its way out: the next look finds neither.
    async fn refusal(
        &self,
        transaction: &Transaction<'_>,
        job: &Job,
        key: i64,
    ) -> Result<Option<Fault>, Fault> {
        let mut refusal = None;
        for attempt in 0..TRIES {
            tokio::time::sleep(RETRY_PAUSE * attempt).await;
            transaction.batch_execute("savepoint one_row").await?;
            match carry_over(transaction, job, self.sql, Keys::Range(key, key)).await {
                Ok(_) => return Ok(None),
                Err(fault) if !is_about_a_row(&fault) => return Err(fault.at(self.step)),
                Err(fault) => refusal = Some(fault),
            }
            transaction
                .batch_execute("rollback to savepoint one_row")
                .await?;
        }
        Ok(refusal)
    }

    /// Records a row that stays behind.
    async fn leave_out(
        &self,
        transaction: &Transaction<'_>,
        job: &Job,
        key: i64,
        fault: &Fault,
    ) -> Result<(), Fault> {
        let details = json!({"sqlstate": fault.sqlstate});
        let incident = Incident {
            phase: Some(self.phase),
            step: Some(self.step),
            entity: Some(self.kind),
            entity_id: Some(&key.to_string()),
            severity: "high",
            message: &fault.message,
            details: Some(&details),
        };
        job.log
            .of_step(self.phase, self.step)
            .warn(&format!("{} {key}: {fault}", self.kind));
        state::record_error(transaction, job.run.id, incident).await
    }

    async fn require_few_failures(
        &self,
        client: &Client,
        job: &Job,
        total: i64,
    ) -> Result<(), Fault> {
        let failed: i64 = client
            .query_one(
                "select count(distinct entity_id) from migration.migration_errors \
                  where run_id = $1 and step = $2 and severity = 'high'",
                &[&job.run.id, &self.step],
            )
            .await?
            .get(0);
        if failed * 100 < total.max(1) * TOLERATED_PERCENT {
            return Ok(());
        }
        Err(Fault::failed(format!(
            "{}: {failed} of {total} rows cannot be carried over, 1 % or more",
            self.step
        ))
        .hint("see migration.migration_errors, repair these rows, then roll back and run again"))
    }

    /// Marks the progress row as complete.
    pub(super) async fn complete(
        &self,
        transaction: &Transaction<'_>,
        job: &Job,
    ) -> Result<(), Fault> {
        transaction
            .execute(
                "update migration.migration_progress set status = 'completed', completed_at = clock_timestamp(), \
                        estimated_completion = null \
                  where run_id = $1 and phase = $2 and step = $3",
                &[&job.run.id, &self.phase, &self.step],
            )
            .await?;
        Ok(())
    }
}

const BEGIN: &str = include_str!("sql/progress_begin.sql");
const KEEP: &str = include_str!("sql/progress_keep.sql");

/// How a backfill's statements say which rows they are about, and what takes its place for a list.
pub(super) const RANGE: &str = "between private.batch_low() and private.batch_high()";
const LIST: &str = "= any (private.batch_keys())";

/// Which rows.
#[derive(Debug, Clone, Copy)]
pub(super) enum Keys<'a> {
    /// From the first to the last.
    Range(i64, i64),
    /// These.
    List(&'a [i64]),
}

/// Runs a backfill's statements for these keys; the rows that were written.
pub(super) async fn carry_over(
    transaction: &Transaction<'_>,
    job: &Job,
    sql: &str,
    keys: Keys<'_>,
) -> Result<u64, Fault> {
    let moment = job.run.started_at.to_rfc3339();
    let sql = match keys {
        Keys::Range(low, high) => format!(
            "set local migration.low = '{low}'; set local migration.high = '{high}'; \
             set local migration.moment = '{moment}'; {sql}"
        ),
        Keys::List(keys) => {
            let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
            format!(
                "set local migration.keys = '{{{}}}'; set local migration.moment = '{moment}'; {}",
                keys.join(","),
                sql.replace(RANGE, LIST)
            )
        }
    };
    let messages = transaction.simple_query(&sql).await?;
    Ok(messages
        .iter()
        .map(|message| match message {
            SimpleQueryMessage::CommandComplete(rows) => *rows,
            _ => 0,
        })
        .sum())
}

/// PostgreSQL refused a value, not the work: data exceptions (22), constraints (23), limits (54), and what
/// somebody's own check raised (P0).
pub(super) fn is_about_a_row(fault: &Fault) -> bool {
    fault.sqlstate.as_deref().is_some_and(|code| {
        ["22", "23", "54", "P0"]
            .iter()
            .any(|class| code.starts_with(class))
    })
}

/// Half when a batch took too long or waited, more, up to double, when there was room.
fn next_size(size: i64, limit: i64, took: Duration, waited: bool, offline: bool) -> i64 {
    let target = if offline {
        OFFLINE_TARGET
    } else {
        ONLINE_TARGET
    };
    if waited || took > target {
        (size / 2).max(SMALLEST_SIZE)
    } else if took * 3 < target {
        size * 2
    } else if took * 3 < target * 2 {
        size + size / 4
    } else {
        size
    }
    .min(limit)
    .max(1)
}

fn progress_line(position: Position) -> String {
    let percent = (position.rows * 100)
        .checked_div(position.total)
        .unwrap_or(100)
        .min(100);
    let filled = usize::try_from(percent / 5).unwrap_or_default();
    format!(
        "[{}{}] {percent:>3} % {} of {} rows",
        "#".repeat(filled),
        ".".repeat(20 - filled.min(20)),
        position.rows,
        position.total
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_follows_the_duration_within_its_limits() {
        let ms = Duration::from_millis;
        assert_eq!(next_size(1000, 10_000, ms(50), false, false), 2000);
        assert_eq!(next_size(1000, 10_000, ms(200), false, false), 1250);
        assert_eq!(next_size(1000, 10_000, ms(300), false, false), 1000);
        assert_eq!(next_size(1000, 10_000, ms(500), false, false), 500);
        assert_eq!(next_size(1000, 10_000, ms(50), true, false), 500);
        assert_eq!(next_size(1000, 10_000, ms(500), false, true), 2000);
        assert_eq!(next_size(8000, 10_000, ms(1), false, false), 10_000);
        assert_eq!(next_size(60, 10_000, ms(9000), false, true), 50);
        assert_eq!(next_size(5, 5, ms(9000), false, true), 5);
    }

    #[test]
    fn only_a_refused_value_is_about_a_row() {
        let fault = |code: &str| Fault {
            sqlstate: Some(code.into()),
            ..Fault::failed("x")
        };
        assert!(is_about_a_row(&fault("23514")) && is_about_a_row(&fault("54000")));
        for code in ["57P01", "53100", "42703", "40P01"] {
            assert!(!is_about_a_row(&fault(code)), "{code}");
        }
    }

    #[test]
    fn an_empty_table_is_complete() {
        let empty = Position {
            end: 0,
            last_key: None,
            rows: 0,
            total: 0,
            batches: 0,
        };
        assert!(progress_line(empty).contains("100 %"));
        let more = Position {
            rows: 30,
            total: 20,
            ..empty
        };
        assert!(progress_line(more).contains("100 %"));
    }
}
