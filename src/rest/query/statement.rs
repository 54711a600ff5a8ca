//! The main statement: rows of a read, write or call, and around them the one row of the result.
//!
//! Plain reads are a subquery in `FROM`; writes and calls a CTE, so that they run once whatever reads
//! them. The page and its exact count are one statement.
//! Source: <https://docs.postgrest.org/en/stable/references/api/pagination_count.html>,
//! <https://docs.postgrest.org/en/stable/references/transactions.html#response-headers>.

use super::call::call_query;
use super::count;
use super::guard::{self, page_total};
use super::handler::{ROWS, ROWS_CTE, Reading, body, reading};
use super::mutate::{counts_inserted, location, mutation};
use super::read::read_query;
use super::snippet::Snippet;
use crate::config::RestConfig;
use crate::rest::api_request::media_type::{MediaType, PlanFormat, PlanOption};
use crate::rest::api_request::preferences::Return;
use crate::rest::api_request::{ApiRequest, Mutation};
use crate::rest::plan::{CallPlan, CrudKind, CrudPlan, MutatePlan, SOURCE_CTE};
use crate::schema_cache::media_handler::MediaHandler;
use crate::schema_cache::routine::Routine;

/// The parts of the result row that differ between requests.
struct ResultRow {
    /// `WITH` items, in order.
    ctes: Vec<Snippet>,
    total: Snippet,
    page_total: Snippet,
    /// Absent when the statement is only explained: the column would be noise in its output.
    header: Option<Snippet>,
    body: Snippet,
    inserted: Snippet,
    /// ` FROM …`, or nothing.
    from: Snippet,
}

/// The main statement of a planned request.
pub fn main(crud: &CrudPlan, request: &ApiRequest, config: &RestConfig) -> Snippet {
    let row = match &crud.kind {
        CrudKind::Read { .. } => read(crud, request, config),
        CrudKind::Mutate { plan, mutation } => write(crud, plan, *mutation, request),
        CrudKind::Call { plan, routine, .. } => call(crud, plan, routine, request, config),
    };
    match &crud.media_type {
        MediaType::Plan {
            format, options, ..
        } if crud.is_explain => explain(*format, options).then(row.render()),
        _ => row.render(),
    }
}

impl ResultRow {
    fn render(self) -> Snippet {
        let mut out = Snippet::new();
        if !self.ctes.is_empty() {
            out.push_sql("WITH ")
                .push(Snippet::join(", ", self.ctes))
                .push_sql(" ");
        }
        out.push_sql("SELECT ")
            .push(self.total)
            .push_sql(" AS total_result_set, ")
            .push(self.page_total)
            .push_sql(" AS page_total, ");
        if let Some(header) = self.header {
            out.push(header).push_sql(" AS header, ");
        }
        out.push(self.body)
            .push_sql(
                " AS body, nullif(current_setting('response.headers', true), '') AS response_headers, \
                 nullif(current_setting('response.status', true), '') AS response_status, ",
            )
            .push(self.inserted)
            .push_sql(" AS response_inserted")
            .push(self.from);
        out
    }
}

/// The rows behind ` FROM`: a subquery, or a CTE of its own when the handler reads them twice.
fn rows(query: Snippet, handling: Reading, ctes: &mut Vec<Snippet>) -> Snippet {
    if handling == Reading::Twice {
        ctes.push(cte(ROWS_CTE, query));
        return Snippet::sql(" FROM ")
            .then(Snippet::raw(ROWS_CTE))
            .then_sql(" ")
            .then(Snippet::raw(ROWS));
    }
    Snippet::sql(" FROM (")
        .then(query)
        .then_sql(") ")
        .then(Snippet::raw(ROWS))
}

fn cte(name: &'static str, query: Snippet) -> Snippet {
    Snippet::raw(name)
        .then_sql(" AS (")
        .then(query)
        .then_sql(")")
}

/// No location: `text[]`, or no column at all.
fn no_header(crud: &CrudPlan) -> Option<Snippet> {
    (!crud.is_explain).then(|| Snippet::sql("NULL::text[]"))
}

fn read(crud: &CrudPlan, request: &ApiRequest, config: &RestConfig) -> ResultRow {
    let mut ctes = Vec::new();
    let from = rows(
        read_query(&crud.read),
        reading(&crud.handler, None),
        &mut ctes,
    );
    ResultRow {
        ctes,
        total: total(crud, request, config, page_total(&[])),
        page_total: page_total(&[]),
        header: no_header(crud),
        body: body(&crud.handler, None),
        inserted: Snippet::sql("NULL::text"),
        from,
    }
}

/// One row more than `db-max-rows` is counted for an estimate, which tells that there are more.
fn total(crud: &CrudPlan, request: &ApiRequest, config: &RestConfig, page: Snippet) -> Snippet {
    let most = config.max_rows.map(|rows| rows.saturating_add(1));
    count::total(&crud.read, request.preferences.count, page, most)
}

fn write(crud: &CrudPlan, plan: &MutatePlan, kind: Mutation, request: &ApiRequest) -> ResultRow {
    let mut ctes = vec![cte(SOURCE_CTE, mutation(plan))];
    let from = if crud.handler == MediaHandler::None {
        // The select list may name columns that were not returned.
        Snippet::sql(" FROM ")
            .then(Snippet::raw(SOURCE_CTE))
            .then_sql(" ")
            .then(Snippet::raw(ROWS))
    } else {
        let handling = reading(&crud.handler, None);
        rows(read_query(&crud.read), handling, &mut ctes)
    };
    let guards = if crud.is_explain {
        Vec::new()
    } else {
        guard::of_mutation(kind, &crud.media_type, &request.preferences)
    };
    let header = match plan {
        MutatePlan::Insert { primary_key, .. }
            if request.preferences.representation == Some(Return::HeadersOnly) =>
        {
            Some(location(primary_key))
        }
        _ => no_header(crud),
    };
    ResultRow {
        ctes,
        total: Snippet::sql("NULL::text"),
        page_total: page_total(&guards),
        header,
        body: body(&crud.handler, None),
        inserted: Snippet::sql(if counts_inserted(plan) {
            "nullif(current_setting('pgrst.inserted', true), '')"
        } else {
            "NULL::text"
        }),
        from,
    }
}

fn call(
    crud: &CrudPlan,
    plan: &CallPlan,
    routine: &Routine,
    request: &ApiRequest,
    config: &RestConfig,
) -> ResultRow {
    let mut ctes = vec![cte(SOURCE_CTE, call_query(plan))];
    let handling = reading(&crud.handler, Some(routine));
    let from = rows(read_query(&crud.read), handling, &mut ctes);
    let body = body(&crud.handler, Some(routine));
    let (body, from) = if handling == Reading::OneRow {
        (one_row(&crud.handler, body, from), Snippet::new())
    } else {
        (body, from)
    };
    let (page, guards) = if handling == Reading::OneRow {
        (Snippet::sql("1::bigint"), Vec::new())
    } else if routine.returns_single() || crud.is_explain {
        (page_total(&[]), Vec::new())
    } else {
        let guards = guard::of_call(&crud.media_type, &request.preferences);
        (page_total(&[]), guards)
    };
    let guarded = if guards.is_empty() {
        page.clone()
    } else {
        page_total(&guards)
    };
    ResultRow {
        ctes,
        total: total(crud, request, config, page),
        page_total: guarded,
        header: no_header(crud),
        body,
        inserted: Snippet::sql("NULL::text"),
        from,
    }
}

/// The body of a function's only row as a scalar subquery: the result row is there even when the row
/// is not, and the value need not go through an array.
fn one_row(handler: &MediaHandler, value: Snippet, from: Snippet) -> Snippet {
    let only = Snippet::sql("(SELECT ")
        .then(value)
        .then(from)
        .then_sql(")");
    if matches!(handler, MediaHandler::Custom { .. }) {
        return only;
    }
    Snippet::sql("coalesce(").then(only).then_sql(", 'null')")
}

fn explain(format: PlanFormat, options: &[PlanOption]) -> Snippet {
    let mut out = Snippet::sql(match format {
        PlanFormat::Json => "EXPLAIN (FORMAT JSON",
        PlanFormat::Text => "EXPLAIN (FORMAT TEXT",
    });
    for option in options {
        out.push_sql(match option {
            PlanOption::Analyze => ", ANALYZE",
            PlanOption::Verbose => ", VERBOSE",
            PlanOption::Settings => ", SETTINGS",
            PlanOption::Buffers => ", BUFFERS",
            PlanOption::Wal => ", WAL",
        });
    }
    out.then_sql(") ")
}
