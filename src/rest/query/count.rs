//! The number of rows of the whole result: exact, planned, estimated.
//!
//! An exact count is part of the main statement, so page and total agree; a planned one is the planner's
//! guess, read from `EXPLAIN`; an estimated one is exact up to `db-max-rows` and planned beyond.
//! Source: <https://docs.postgrest.org/en/stable/references/api/pagination_count.html>.

use serde_json::Value;

use super::fragment::limit_offset;
use super::read::count_query;
use super::snippet::Snippet;
use crate::rest::api_request::preferences::Count;
use crate::rest::api_request::range::RowRange;
use crate::rest::plan::ReadPlan;

/// The expression of `total_result_set` (text). `page_total` is the count of the page, which is
/// reused when nothing was cut off. `most`: rows to count at most.
pub fn total(
    read: &ReadPlan,
    count: Option<Count>,
    page_total: Snippet,
    most: Option<u64>,
) -> Snippet {
    match count {
        None | Some(Count::Planned) => Snippet::sql("NULL::text"),
        Some(Count::Exact | Count::Estimated) if read.range == RowRange::ALL => {
            Snippet::sql("(").then(page_total).then_sql(")::text")
        }
        Some(Count::Exact) => counted(count_query(read)),
        Some(Count::Estimated) => counted(count_query(read).then(limit_offset(RowRange {
            offset: 0,
            limit: most,
        }))),
    }
}

fn counted(rows: Snippet) -> Snippet {
    Snippet::sql("(SELECT pg_catalog.count(*) FROM (")
        .then(rows)
        .then_sql(") pgrst_counted)::text")
}

/// Whether the planner's guess is needed.
pub fn needs_plan(count: Option<Count>) -> bool {
    matches!(count, Some(Count::Planned | Count::Estimated))
}

/// `EXPLAIN` of the counted rows.
pub fn explain(read: &ReadPlan) -> Snippet {
    Snippet::sql("EXPLAIN (FORMAT JSON) ").then(count_query(read))
}

/// The planner's number of rows in the output of [`explain`].
pub fn planned_rows(explained: &[u8]) -> Option<i64> {
    let plans: Value = serde_json::from_slice(explained).ok()?;
    plans.pointer("/0/Plan/Plan Rows")?.as_i64()
}

/// The total to report. `counted`: the main statement's total; `planned`: [`planned_rows`].
pub fn table_total(
    count: Option<Count>,
    counted: Option<i64>,
    planned: Option<i64>,
    max_rows: Option<u64>,
) -> Option<i64> {
    match count {
        Some(Count::Planned) => planned,
        Some(Count::Estimated) => {
            let max_rows = max_rows.and_then(|rows| i64::try_from(rows).ok());
            let is_beyond = max_rows.is_none_or(|most| counted.is_some_and(|rows| rows > most));
            if is_beyond {
                counted.max(planned)
            } else {
                counted
            }
        }
        _ => counted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planned_rows_are_those_of_the_top_node() {
        let plan = br#"[{"Plan": {"Node Type": "Seq Scan", "Plan Rows": 321, "Plan Width": 4}}]"#;
        assert_eq!(planned_rows(plan), Some(321));
        assert_eq!(planned_rows(b"[]"), None);
        assert_eq!(planned_rows(b"no json"), None);
    }

    #[test]
    fn an_estimate_is_exact_up_to_max_rows() {
        let estimate = |counted, planned| {
            table_total(
                Some(Count::Estimated),
                Some(counted),
                Some(planned),
                Some(100),
            )
        };
        assert_eq!(estimate(99, 5000), Some(99));
        assert_eq!(estimate(100, 5000), Some(100));
        assert_eq!(estimate(101, 5000), Some(5000));
        assert_eq!(estimate(101, 7), Some(101));
    }

    #[test]
    fn planned_and_exact_are_what_they_say() {
        assert_eq!(
            table_total(Some(Count::Planned), None, Some(7), Some(1)),
            Some(7)
        );
        assert_eq!(
            table_total(Some(Count::Exact), Some(3), None, None),
            Some(3)
        );
        assert_eq!(table_total(None, None, None, None), None);
    }
}
