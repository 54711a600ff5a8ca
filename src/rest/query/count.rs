//! The number of rows of the whole result: exact, planned, estimated.
//!
//! An exact count is part of the main statement, so page and total agree; a planned one is the planner's
//! guess, read from `EXPLAIN`; an estimated one is exact up to `db-max-rows` and planned beyond.
//! Source: <https://docs.postgrest.org/en/stable/references/api/pagination_count.html>.

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
