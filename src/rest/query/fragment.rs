//! Small pieces of SQL: columns, JSON paths, casts, aggregates, select items, order, limit.
//!
//! Planned fields in, [`Snippet`]s out. Values (keys of JSON paths too) are parameters, names are
//! quoted, type names are checked by [`cast_type`].
//! Source: <https://docs.postgrest.org/en/stable/references/api/tables_views.html>.

use super::snippet::Snippet;
use crate::pg::ident::{QualifiedIdentifier, quote_ident};
use crate::rest::api_request::order::{Direction, Nulls};
use crate::rest::api_request::range::RowRange;
use crate::rest::api_request::select::{AggregateFunction, JsonOperand, JsonStep};
use crate::rest::plan::{CoercibleField, CoercibleOrderTerm, CoercibleSelectField};

/// `"table"."column"`, or `"table".*` for a star.
pub fn column(table: &QualifiedIdentifier, name: &str) -> Snippet {
    let item = if name == "*" {
        "*".to_owned()
    } else {
        quote_ident(name)
    };
    Snippet::raw(format!("{}.{item}", table.quoted()))
}

/// `"alias"."column"`, or `"alias".*` for a star.
pub fn alias_column(alias: &str, name: &str) -> Snippet {
    column(&QualifiedIdentifier::unqualified(alias), name)
}

/// Quoted names, comma separated.
pub fn ident_list<'a>(names: impl IntoIterator<Item = &'a str>) -> Snippet {
    Snippet::join(", ", names.into_iter().map(Snippet::ident))
}

/// ` AS "alias"`, when there is one.
pub fn as_alias(alias: Option<&str>) -> Snippet {
    alias.map_or_else(Snippet::new, |alias| {
        Snippet::sql(" AS ").then(Snippet::ident(alias))
    })
}

/// `function(argument)`. `function` is SQL text of the schema cache.
pub fn call(function: &str, argument: Snippet) -> Snippet {
    Snippet::raw(function)
        .then_sql("(")
        .then(argument)
        .then_sql(")")
}

/// A field's value inside `table`: column, JSON path, text search vector.
pub fn field(table: &QualifiedIdentifier, field: &CoercibleField) -> Snippet {
    let value = if field.full_row {
        Snippet::ident(&table.name)
    } else if field.json_path.is_empty() {
        column(table, &field.name)
    } else {
        let base = column(table, &field.name);
        let base = if field.to_json {
            call("to_jsonb", base)
        } else {
            base
        };
        base.then(json_path(&field.json_path))
    };
    match &field.to_tsvector {
        Some(vector) => Snippet::sql("to_tsvector(")
            .then(text_search_config(vector.language.as_deref()))
            .then(value)
            .then_sql(")"),
        None => value,
    }
}

/// `'language', ` as a parameter, or nothing for the database's default.
pub fn text_search_config(language: Option<&str>) -> Snippet {
    language.map_or_else(Snippet::new, |language| {
        Snippet::unknown(language).then_sql(", ")
    })
}

fn json_path(steps: &[JsonStep]) -> Snippet {
    let mut out = Snippet::new();
    for step in steps {
        out.push_sql(if step.as_text { "->>" } else { "->" });
        match &step.operand {
            JsonOperand::Key(key) => out.push(Snippet::unknown(key.as_str())),
            JsonOperand::Index(index) => {
                out.push(Snippet::unknown(index.as_str()).then_sql("::int"))
            }
        };
    }
    out
}

/// A type name a client wrote after `::`, as SQL text.
///
/// Names such as `double precision` lose their meaning when quoted, so words go through as they are;
/// anything but words is quoted and thereby only a name.
fn cast_type(name: &str) -> Snippet {
    let is_words = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || c == '_' || c == ' ');
    if is_words {
        Snippet::raw(name)
    } else {
        Snippet::ident(name)
    }
}

fn cast(value: Snippet, target: Option<&str>) -> Snippet {
    match target {
        Some(target) => Snippet::sql("CAST(")
            .then(value)
            .then_sql(" AS ")
            .then(cast_type(target))
            .then_sql(")"),
        None => value,
    }
}

/// Applies an aggregate and the cast of its result.
pub fn aggregate(
    value: Snippet,
    function: Option<AggregateFunction>,
    result_cast: Option<&str>,
) -> Snippet {
    let name = match function {
        None => return value,
        Some(AggregateFunction::Sum) => "sum(",
        Some(AggregateFunction::Avg) => "avg(",
        Some(AggregateFunction::Max) => "max(",
        Some(AggregateFunction::Min) => "min(",
        Some(AggregateFunction::Count) => "count(",
    };
    cast(Snippet::sql(name).then(value).then_sql(")"), result_cast)
}

/// One item of a select list, alias included.
pub fn select_item(table: &QualifiedIdentifier, item: &CoercibleSelectField) -> Snippet {
    let value = field(table, &item.field);
    let value = match &item.field.transform {
        Some(function) => call(function, value),
        None => value,
    };
    aggregate(
        cast(value, item.cast.as_deref()),
        item.aggregate,
        item.aggregate_cast.as_deref(),
    )
    .then(as_alias(item.alias.as_deref()))
}

/// ` ORDER BY …`, or nothing.
pub fn order_by(table: &QualifiedIdentifier, terms: &[CoercibleOrderTerm]) -> Snippet {
    if terms.is_empty() {
        return Snippet::new();
    }
    let terms = terms.iter().map(|term| order_term(table, term));
    Snippet::sql(" ORDER BY ").then(Snippet::join(", ", terms))
}

fn order_term(table: &QualifiedIdentifier, term: &CoercibleOrderTerm) -> Snippet {
    let (mut out, direction, nulls) = match term {
        CoercibleOrderTerm::Field {
            field: of,
            direction,
            nulls,
        } => (field(table, of), direction, nulls),
        CoercibleOrderTerm::Relation {
            relation,
            field: of,
            direction,
            nulls,
        } => {
            let of = CoercibleField::unknown(of.name.as_str(), of.json_path.clone());
            let embed = QualifiedIdentifier::unqualified(relation.as_str());
            (field(&embed, &of), direction, nulls)
        }
    };
    match direction {
        Some(Direction::Asc) => out.push_sql(" ASC"),
        Some(Direction::Desc) => out.push_sql(" DESC"),
        None => &mut out,
    };
    match nulls {
        Some(Nulls::First) => out.push_sql(" NULLS FIRST"),
        Some(Nulls::Last) => out.push_sql(" NULLS LAST"),
        None => &mut out,
    };
    out
}

/// ` LIMIT … OFFSET $m`, or nothing for all rows.
///
/// The limit of a first page is written out where the statement has no other parameter ([`Snippet::rows`]).
/// Otherwise both are parameters although PostgreSQL then plans every execution: with a literal the CRM board
/// query (three sort keys, an `OR`, limit 100) got a generic plan six times slower (3.1 ms against 0.5 ms).
pub fn limit_offset(range: RowRange) -> Snippet {
    let mut out = Snippet::new();
    if let Some(limit) = range.limit {
        out.push_sql(" LIMIT ");
        out.push(match is_usual(limit) {
            true => Snippet::rows(clamped(limit)),
            false => bigint(limit),
        });
    }
    if range.offset > 0 {
        out.push_sql(" OFFSET ").push(bigint(range.offset));
    }
    out
}

/// Whether a limit may make a text of its own: 65 numbers in all, so that whoever counts through them does not
/// fill a connection's cache of prepared statements.
fn is_usual(limit: u64) -> bool {
    match limit {
        0..=10 => true,
        11..=100 => limit.is_multiple_of(5),
        101..=1000 => limit.is_multiple_of(50),
        1001..=10_000 => limit.is_multiple_of(500),
        _ => false,
    }
}

/// A count as a parameter; what PostgreSQL's `bigint` cannot hold is as good as its largest value.
pub fn bigint(value: u64) -> Snippet {
    Snippet::unknown(clamped(value).to_string())
}

fn clamped(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rest::plan::ToTsVector;

    fn text(snippet: Snippet) -> String {
        snippet.render().0
    }

    fn key(name: &str, as_text: bool) -> JsonStep {
        JsonStep {
            as_text,
            operand: JsonOperand::Key(name.into()),
        }
    }

    #[test]
    fn json_keys_and_indexes_are_parameters() {
        let steps = vec![
            key("a'b", false),
            JsonStep {
                as_text: true,
                operand: JsonOperand::Index("-1".into()),
            },
        ];
        let table = QualifiedIdentifier::new("s", "t");
        let mut of = CoercibleField::unknown("data", steps);
        assert_eq!(
            text(field(&table, &of)),
            "\"s\".\"t\".\"data\"->$1->>$2::int"
        );
        of.to_json = true;
        assert_eq!(
            text(field(&table, &of)),
            "to_jsonb(\"s\".\"t\".\"data\")->$1->>$2::int"
        );
    }

    #[test]
    fn text_search_vectors_carry_their_language() {
        let table = QualifiedIdentifier::unqualified("t");
        let mut of = CoercibleField::unknown("body", vec![]);
        of.to_tsvector = Some(ToTsVector { language: None });
        assert_eq!(text(field(&table, &of)), "to_tsvector(\"t\".\"body\")");
        of.to_tsvector = Some(ToTsVector {
            language: Some("french".into()),
        });
        assert_eq!(text(field(&table, &of)), "to_tsvector($1, \"t\".\"body\")");
    }

    #[test]
    fn casts_are_words_or_quoted_names() {
        assert_eq!(
            text(cast(Snippet::sql("x"), Some("double precision"))),
            "CAST(x AS double precision)"
        );
        assert_eq!(
            text(cast(Snippet::sql("x"), Some("int)); drop table t; --"))),
            "CAST(x AS \"int)); drop table t; --\")"
        );
        assert_eq!(
            text(cast(Snippet::sql("x"), Some("$q$"))),
            "CAST(x AS \"$q$\")"
        );
    }

    #[test]
    fn the_limit_of_a_first_page_is_text_if_it_is_one_of_a_few() {
        let limit = |limit| {
            limit_offset(RowRange {
                offset: 0,
                limit: Some(limit),
            })
            .render()
            .0
        };
        assert_eq!(limit(0), " LIMIT 0");
        assert_eq!(limit(25), " LIMIT 25");
        assert_eq!(limit(1000), " LIMIT 1000");
        assert_eq!(limit(26), " LIMIT $1");
        assert_eq!(limit(u64::MAX), " LIMIT $1");
        let texts = (0..100_000).filter(|n| !limit(*n).ends_with("$1")).count();
        assert_eq!(texts, 65);
    }

    #[test]
    fn limits_are_parameters_and_fit_bigint() {
        let range = RowRange {
            offset: u64::MAX,
            limit: Some(3),
        };
        let (sql, params) = limit_offset(range).render();
        assert_eq!(sql, " LIMIT $1 OFFSET $2");
        assert_eq!(
            params,
            vec![
                super::super::snippet::Param::Unknown(Some("3".into())),
                super::super::snippet::Param::Unknown(Some(i64::MAX.to_string())),
            ]
        );
        assert!(limit_offset(RowRange::ALL).is_empty());
    }
}
