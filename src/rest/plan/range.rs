//! Final pass: `db-max-rows` bounds every level of a read or call.
//!
//! Source: <https://docs.postgrest.org/en/stable/references/configuration.html#db-max-rows>.

use crate::rest::api_request::range::RowRange;

use super::types::ReadPlan;

/// Caps the rows of every level. A limit of zero asks for no rows, wherever it starts.
pub fn restrict(plan: &mut ReadPlan, max_rows: Option<u64>) {
    plan.range = if plan.range.limit == Some(0) {
        RowRange {
            offset: 0,
            limit: Some(0),
        }
    } else {
        plan.range.capped(max_rows)
    };
    for child in &mut plan.children {
        restrict(child, max_rows);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Given, embed, field};
    use super::*;
    use crate::rest::api_request::Mutation;

    fn given() -> Given {
        let tasks = embed("tasks", vec![field("id")]);
        Given::read("projects").select(vec![tasks]).max_rows(10)
    }

    #[test]
    fn every_level_is_capped() {
        let plan = given().limit(&[], 3).read_plan().unwrap();
        assert_eq!(plan.range.limit, Some(3));
        assert_eq!(plan.children[0].range.limit, Some(10));
        let plan = given().limit(&[], 0).read_plan().unwrap();
        assert_eq!(plan.range.limit, Some(0));
    }

    #[test]
    fn what_a_write_returns_is_not() {
        let plan = given().mutate(Mutation::Update).read_plan().unwrap();
        assert_eq!(plan.range, RowRange::ALL);
    }
}
