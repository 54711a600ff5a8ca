//! Performance: median and 95th percentile of 20 warm runs of what the application asks most.
//!
//! In: a migrated database. Out: [`Measure`]s, asked as a signed-in user so that row security is part of
//! the price, and a check for each. The thresholds are those of the written plan for 10,000 opportunities
//! and more; a median above the threshold, or a 95th percentile above one and a half of it, is reported and
//! lowers the score, but loses nobody's data. Where the run measured the same question before its first
//! change ([`before`]), the median after it is compared with that, too.

pub mod before;

use std::time::{Duration, Instant};

use serde::Serialize;
use tokio_postgres::Client;
use uuid::Uuid;

use super::outcome::Severity::{Low, Medium};
use super::outcome::{Category, Check};
use super::trial::{Account, Attempt, Trial, with_free_ids};
use crate::migrate::Fault;

/// Runs that are measured, after two that warm up.
const RUNS: usize = 20;
const WARM_UP: usize = 2;
/// One query is not measured for longer than this.
const PATIENCE: Duration = Duration::from_secs(15);

/// Medians below this differ by chance.
const CHANCE_MS: f64 = 20.0;

/// Name, threshold in ms, statement.
#[rustfmt::skip]
const QUERIES: &[(&str, f64, &str)] = &[
    ("simple list", 100.0,
        "select * from opportunities_summary order by id desc limit 25"),
    ("pagination", 100.0,
        "select * from opportunities_summary order by id limit 25 offset 5000"),
    ("filtered list", 150.0,
        "select * from opportunities_summary where stage = 'proposal' and archived_at is null order by index limit 100"),
    ("aggregation", 200.0,
        "select stage, count(*), sum(amount::numeric), avg(probability) from opportunities where archived_at is null group by stage"),
    ("search", 250.0,
        "select id, name from opportunities where search_tsv @@ websearch_to_tsquery('english', 'project renewal') limit 25"),
    ("complex join", 300.0,
        "select o.id, o.name, c.name, (select count(*) from \"opportunityNotes\" n where n.opportunity_id = o.id), \
                (select jsonb_agg(p.last_name) from opportunity_contacts r join contacts p on p.id = r.contact_id where r.opportunity_id = o.id) \
           from opportunities o left join companies c on c.id = o.company_id order by o.id desc limit 100"),
    ("interaction participants", 150.0,
        "select a.id, a.subject, i.role from activities a left join interaction_participants i on i.activity_id = a.id \
          where a.opportunity_id is not null order by a.activity_date desc limit 50"),
    ("contact organisations", 200.0,
        "select p.id, p.last_name, c.name, r.role from contact_organizations r join contacts p on p.id = r.contact_id \
           join companies c on c.id = r.organization_id where r.deleted_at is null order by r.id desc limit 100"),
    ("opportunity participants", 250.0,
        "select o.id, o.name, r.role, c.name from opportunity_participants r join opportunities o on o.id = r.opportunity_id \
           join companies c on c.id = r.organization_id where r.deleted_at is null order by r.id desc limit 100"),
    ("junction filter", 300.0,
        "select o.id from opportunities o where exists (select from opportunity_participants r \
          where r.opportunity_id = o.id and r.role = 'customer' and r.deleted_at is null) order by o.id desc limit 100"),
    ("several junctions", 400.0,
        "select o.id, (select count(*) from opportunity_participants r where r.opportunity_id = o.id and r.deleted_at is null), \
                (select count(*) from opportunity_contacts r where r.opportunity_id = o.id), \
                (select count(*) from activities a where a.opportunity_id = o.id) \
           from opportunities o order by o.id desc limit 200"),
    ("companies page", 2000.0,
        "select * from companies_summary order by name limit 100"),
    ("bulk insert", 500.0,
        "insert into tags (id, name, color) select {free public.tags} + i, 'verification', 'gray' from generate_series(1, 100) i"),
    ("bulk update", 600.0,
        "update opportunities set next_action = 'verification' where id = any (array(select id from opportunities order by id desc limit 100))"),
];

/// What was measured.
///
/// Shape: `{"name":"search","threshold_ms":250.0,"before_ms":1.4,"median_ms":1.9,"p95_ms":2.4,"runs":20,"fault":null}`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measure {
    /// What was asked.
    pub name: &'static str,
    /// The most that the median may be; the 95th percentile half as much again.
    pub threshold_ms: f64,
    /// Median of the same question before the migration, where it was measured.
    pub before_ms: Option<f64>,
    /// Median.
    pub median_ms: f64,
    /// 95th percentile.
    pub p95_ms: f64,
    /// Runs that were measured.
    pub runs: usize,
    /// PostgreSQL's words, when it could not be asked.
    pub fault: Option<String>,
}

impl Measure {
    /// Within the threshold.
    pub fn is_met(&self) -> bool {
        self.fault.is_none()
            && self.median_ms <= self.threshold_ms
            && self.p95_ms <= self.threshold_ms * 1.5
    }

    /// The most that the median may be by the measure of before: half as much again, and never so little that
    /// it would be chance.
    fn limit_by_before_ms(&self) -> Option<f64> {
        let limit = self.before_ms? * 1.5;
        Some(limit.max(CHANCE_MS))
    }
}

/// Measures every query.
pub(super) async fn measure(client: &Client, run: Option<Uuid>) -> Result<Vec<Measure>, Fault> {
    let account = Account::real(client).await?;
    let before = before::recorded(client, run).await?;
    let mut measures = vec![];
    for (name, threshold_ms, sql) in QUERIES {
        let (times, fault) = timed(client, &account, &with_free_ids(sql)).await?;
        measures.push(Measure {
            name,
            threshold_ms: *threshold_ms,
            before_ms: before.get(*name).copied(),
            median_ms: percentile(&times, 50),
            p95_ms: percentile(&times, 95),
            runs: times.len(),
            fault,
        });
    }
    Ok(measures)
}

/// Milliseconds of the warm runs in ascending order, as a signed-in user; what the statement writes is undone.
/// And PostgreSQL's words, when it refused.
async fn timed(
    client: &Client,
    account: &Account,
    sql: &str,
) -> Result<(Vec<f64>, Option<String>), Fault> {
    let trial = Trial::begin(client).await?;
    let mut fault = None;
    if let Attempt::Refused(refusal) = trial.become_role("authenticated", account).await? {
        fault = Some(refusal.words());
    }
    let mut times = vec![];
    let began = Instant::now();
    for run in 0..RUNS + WARM_UP {
        if fault.is_some() || (began.elapsed() > PATIENCE && !times.is_empty()) {
            break;
        }
        // The savepoint's two round trips are not the query's.
        let started = Instant::now();
        match client.query(sql, &[]).await {
            Ok(_) if run >= WARM_UP => times.push(started.elapsed().as_secs_f64() * 1000.0),
            Ok(_) => {}
            Err(error) => fault = Some(Fault::from(error).to_string()),
        }
    }
    trial.end().await?;
    times.sort_by(f64::total_cmp);
    Ok((times, fault))
}

/// Nearest rank, rounded to a hundredth; 0 of nothing.
fn percentile(sorted: &[f64], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted
        .get(rank - 1)
        .map_or(0.0, |ms| (ms * 100.0).round() / 100.0)
}

/// The category.
pub(super) fn check(measures: &[Measure]) -> Category {
    let by_threshold = measures.iter().map(|measure| {
        let id = format!("performance.{}", measure.name.replace(' ', "_"));
        if let Some(fault) = &measure.fault {
            return Check::not_evaluated(&id, measure.name, Medium, fault);
        }
        let (limit, slow) = (measure.threshold_ms, i64::from(!measure.is_met()));
        Check {
            expected: format!("median {limit} ms, p95 {} ms at most", limit * 1.5),
            found: format!("median {} ms, p95 {} ms", measure.median_ms, measure.p95_ms),
            ..Check::counted(&id, measure.name, Medium, slow, vec![])
        }
    });
    let by_before = measures.iter().filter_map(|measure| {
        let limit = measure.limit_by_before_ms()?;
        let before = measure.before_ms?;
        let id = format!("performance.{}.before", measure.name.replace(' ', "_"));
        let slow = measure.fault.is_none() && measure.median_ms > limit;
        let title = format!("{}, beside before the migration", measure.name);
        Some(Check {
            expected: format!("median {limit:.2} ms at most: before it was {before} ms"),
            found: format!("median {} ms", measure.median_ms),
            ..Check::counted(&id, &title, Low, i64::from(slow), vec![])
        })
    });
    let checks = by_threshold.chain(by_before).collect();
    Category::new("performance", "Performance", checks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_ranks() {
        let times: Vec<f64> = (1..=20).map(f64::from).collect();
        assert_eq!(percentile(&times, 50).to_bits(), 10f64.to_bits());
        assert_eq!(percentile(&times, 95).to_bits(), 19f64.to_bits());
        assert_eq!(percentile(&[], 50).to_bits(), 0f64.to_bits());
        assert_eq!(percentile(&[3.0], 95).to_bits(), 3f64.to_bits());
    }

    #[test]
    fn the_median_or_the_tail_may_be_too_slow() {
        let measure = |median_ms, p95_ms, fault| Measure {
            name: "search",
            threshold_ms: 100.0,
            before_ms: None,
            median_ms,
            p95_ms,
            runs: 20,
            fault,
        };
        assert!(measure(100.0, 150.0, None).is_met());
        assert!(!measure(100.1, 150.0, None).is_met());
        assert!(!measure(1.0, 150.1, None).is_met());
        assert!(!measure(0.0, 0.0, Some("no".into())).is_met());
        let category = check(&[measure(1.0, 2.0, None), measure(200.0, 200.0, None)]);
        assert_eq!(category.score.to_bits(), 50f64.to_bits());
        assert!(category.checks[1].counts_against());
    }

    #[test]
    fn half_as_much_again_as_before_is_allowed_and_chance_is_none() {
        let measure = |before_ms, median_ms| Measure {
            name: "search",
            threshold_ms: 100.0,
            before_ms: Some(before_ms),
            median_ms,
            p95_ms: median_ms,
            runs: 20,
            fault: None,
        };
        let is_slow = |before_ms, median_ms| {
            let category = check(&[measure(before_ms, median_ms)]);
            assert!(!category.checks[0].counts_against());
            category.checks[1].counts_against()
        };
        assert!(!is_slow(0.1, 20.0));
        assert!(!is_slow(40.0, 60.0));
        assert!(is_slow(40.0, 60.1));
        assert_eq!(
            check(&[Measure {
                before_ms: None,
                ..measure(1.0, 1.0)
            }])
            .checks
            .len(),
            1
        );
    }
}
