//! The read plan: the request's select tree, enriched pass by pass.
//!
//! In: the parsed query string and the relation (or a routine's result) that is the root. Out: the
//! finished tree. Each pass is one function over the whole tree; their order is stated here only.
//! Source: <https://docs.postgrest.org/en/stable/references/api/resource_embedding.html>.

use crate::error::Error;
use crate::pg::ident::QualifiedIdentifier;
use crate::rest::api_request::Action;

use super::types::ReadPlan;
use super::{
    Context, alias, attach, coercible, embed, initialise, range, related, relation_select, spread,
    star,
};

/// Plans what is selected from `root`, be it the relation itself or the CTE of a write or call.
///
/// # Errors
/// Those of the passes: `PGRST100`, `PGRST108`, `PGRST118`, `PGRST123`, `PGRST127`, `PGRST200`,
/// `PGRST201`.
pub fn read_plan(context: Context, root: &QualifiedIdentifier) -> Result<ReadPlan, Error> {
    let Context {
        request,
        cache,
        config,
    } = context;
    let is_mutation = matches!(request.action, Action::RelationMutate { .. });
    let reads_cte = is_mutation || matches!(request.action, Action::RoutineCall { .. });

    let mut plan = initialise::tree(root, &request.query.select)?;
    attach::query_string(&mut plan, request, config.use_legacy_target_names)?;
    embed::find_relationships(&mut plan, root, reads_cte, cache)?;
    coercible::resolve_fields(&mut plan, root, cache);
    star::expand(&mut plan, root, cache);
    alias::name_fields(&mut plan);
    related::resolve_orders(&mut plan)?;
    related::resolve_null_filters(&mut plan);
    relation_select::fill(&mut plan);
    spread::check_aggregates(&plan, config.aggregates_enabled)?;
    spread::hoist_aggregates(&mut plan);
    spread::order_inside_arrays(&mut plan)?;
    if !is_mutation {
        range::restrict(&mut plan, config.max_rows);
    }
    Ok(plan)
}
