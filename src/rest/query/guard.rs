//! Checks that must undo the transaction, written into the statement.
//!
//! The whole transaction is sent before any answer is read, so a result that must not be committed has
//! to fail inside PostgreSQL: the row count becomes a cast of `PGRST116:3` to `bigint`, and
//! [`crate::error::sqlstate`] reads code and number from the error.
//! Source: <https://docs.postgrest.org/en/stable/references/api/preferences.html#max-affected>,
//! <https://docs.postgrest.org/en/stable/references/api/resource_representation.html#singular-or-plural>.

use super::fragment::bigint;
use super::snippet::Snippet;
use crate::rest::api_request::Mutation;
use crate::rest::api_request::media_type::MediaType;
use crate::rest::api_request::preferences::{Handling, Preferences};

/// Number of rows.
const COUNT: &str = "pg_catalog.count(*)";

/// A condition that the number of rows must meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// One row: a single object was asked for.
    Singular,
    /// One row: PUT wrote the row that the URL names.
    PutMatchesKey,
    /// At most so many rows.
    MaxAffected(u64),
}

/// Guards of a write.
pub fn of_mutation(
    mutation: Mutation,
    media_type: &MediaType,
    preferences: &Preferences,
) -> Vec<Guard> {
    if mutation == Mutation::SingleUpsert {
        return vec![Guard::PutMatchesKey];
    }
    let mut guards = singular(media_type);
    if matches!(mutation, Mutation::Update | Mutation::Delete) {
        guards.extend(max_affected(preferences));
    }
    guards
}

/// Guards of a call that returns a set.
pub fn of_call(media_type: &MediaType, preferences: &Preferences) -> Vec<Guard> {
    let mut guards = singular(media_type);
    guards.extend(max_affected(preferences));
    guards
}

fn singular(media_type: &MediaType) -> Vec<Guard> {
    match media_type {
        MediaType::SingularJson { .. } => vec![Guard::Singular],
        _ => Vec::new(),
    }
}

fn max_affected(preferences: &Preferences) -> Option<Guard> {
    if preferences.handling != Some(Handling::Strict) {
        return None;
    }
    preferences.max_affected.map(Guard::MaxAffected)
}

/// The number of rows as `bigint`, which fails unless every guard holds. The first that does not is
/// the one reported.
pub fn page_total(guards: &[Guard]) -> Snippet {
    if guards.is_empty() {
        return Snippet::raw(COUNT);
    }
    let mut out = Snippet::sql("CASE");
    for guard in guards {
        out.push_sql(" WHEN ").push_sql(COUNT);
        let code = match guard {
            Guard::Singular => {
                out.push_sql(" <> 1");
                "'PGRST116:'"
            }
            Guard::PutMatchesKey => {
                out.push_sql(" <> 1");
                "'PGRST115:'"
            }
            Guard::MaxAffected(most) => {
                out.push_sql(" > ").push(bigint(*most));
                "'PGRST124:'"
            }
        };
        out.push_sql(" THEN (")
            .push_sql(code)
            .push_sql(" || ")
            .push_sql(COUNT)
            .push_sql(")::bigint");
    }
    out.push_sql(" ELSE ").push_sql(COUNT).push_sql(" END");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_guards_the_rows_are_counted() {
        assert_eq!(page_total(&[]).render().0, "pg_catalog.count(*)");
    }

    #[test]
    fn every_guard_names_its_code_and_the_number_of_rows() {
        let preferences = Preferences {
            handling: Some(Handling::Strict),
            max_affected: Some(10),
            ..Preferences::default()
        };
        let media = MediaType::SingularJson {
            nulls_stripped: false,
        };
        let guards = of_mutation(Mutation::Delete, &media, &preferences);
        assert_eq!(guards, [Guard::Singular, Guard::MaxAffected(10)]);
        insta::assert_snapshot!(page_total(&guards).render().0, @"CASE WHEN pg_catalog.count(*) <> 1 THEN ('PGRST116:' || pg_catalog.count(*))::bigint WHEN pg_catalog.count(*) > $1 THEN ('PGRST124:' || pg_catalog.count(*))::bigint ELSE pg_catalog.count(*) END");
    }

    #[test]
    fn max_affected_needs_strict_handling_and_a_write_that_selects_rows() {
        let lenient = Preferences {
            max_affected: Some(10),
            ..Preferences::default()
        };
        let strict = Preferences {
            handling: Some(Handling::Strict),
            ..lenient.clone()
        };
        let json = MediaType::ApplicationJson;
        assert!(of_mutation(Mutation::Update, &json, &lenient).is_empty());
        assert!(of_mutation(Mutation::Create, &json, &strict).is_empty());
        assert_eq!(
            of_mutation(Mutation::SingleUpsert, &json, &strict),
            [Guard::PutMatchesKey]
        );
        assert_eq!(of_call(&json, &strict), [Guard::MaxAffected(10)]);
    }
}
