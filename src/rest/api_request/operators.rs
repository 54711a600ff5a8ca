//! The table of filter operators: the name in a request, the operator in SQL, what it means.
//!
//! Readers: the parser ([`super::filter`]), the stage that writes SQL, `docs/reference/operators.md`.
//! Source: <https://docs.postgrest.org/en/stable/references/api/tables_views.html#operators>.

/// Operators that take one value and no quantifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SimpleOperator {
    Neq,
    Contains,
    ContainedIn,
    Overlaps,
    StrictlyLeft,
    StrictlyRight,
    NotExtendsRight,
    NotExtendsLeft,
    Adjacent,
}

/// Operators that take `(any)` or `(all)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuantifiableOperator {
    Eq,
    Gte,
    Gt,
    Lte,
    Lt,
    Like,
    Ilike,
    Match,
    Imatch,
}

/// Full-text search operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FtsOperator {
    Fts,
    Plain,
    Phrase,
    Websearch,
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Entry<O: 'static> {
    /// As a request writes it, before the dot.
    pub name: &'static str,
    pub operator: O,
    /// The operator with blanks around it; of full-text search, the function that reads the query.
    pub sql: &'static str,
    /// What it asks, for the reference page.
    pub meaning: &'static str,
}

const fn entry<O>(
    name: &'static str,
    operator: O,
    sql: &'static str,
    meaning: &'static str,
) -> Entry<O> {
    Entry {
        name,
        operator,
        sql,
        meaning,
    }
}

/// In the order in which names are tried: one that starts with another comes first.
pub static SIMPLE: &[Entry<SimpleOperator>] = &[
    entry("neq", SimpleOperator::Neq, " <> ", "not equal"),
    entry("cs", SimpleOperator::Contains, " @> ", "contains"),
    entry("cd", SimpleOperator::ContainedIn, " <@ ", "contained in"),
    entry("ov", SimpleOperator::Overlaps, " && ", "overlaps"),
    entry(
        "sl",
        SimpleOperator::StrictlyLeft,
        " << ",
        "strictly left of",
    ),
    entry(
        "sr",
        SimpleOperator::StrictlyRight,
        " >> ",
        "strictly right of",
    ),
    entry(
        "nxr",
        SimpleOperator::NotExtendsRight,
        " &< ",
        "does not extend to the right of",
    ),
    entry(
        "nxl",
        SimpleOperator::NotExtendsLeft,
        " &> ",
        "does not extend to the left of",
    ),
    entry("adj", SimpleOperator::Adjacent, " -|- ", "is adjacent to"),
];

/// As [`SIMPLE`].
pub static QUANTIFIABLE: &[Entry<QuantifiableOperator>] = &[
    entry("eq", QuantifiableOperator::Eq, " = ", "equal"),
    entry(
        "gte",
        QuantifiableOperator::Gte,
        " >= ",
        "greater than or equal",
    ),
    entry("gt", QuantifiableOperator::Gt, " > ", "greater than"),
    entry(
        "lte",
        QuantifiableOperator::Lte,
        " <= ",
        "less than or equal",
    ),
    entry("lt", QuantifiableOperator::Lt, " < ", "less than"),
    entry(
        "like",
        QuantifiableOperator::Like,
        " LIKE ",
        "matches a pattern; `*` may stand for `%`",
    ),
    entry(
        "ilike",
        QuantifiableOperator::Ilike,
        " ILIKE ",
        "as `like`, in any case",
    ),
    entry(
        "match",
        QuantifiableOperator::Match,
        " ~ ",
        "matches a regular expression",
    ),
    entry(
        "imatch",
        QuantifiableOperator::Imatch,
        " ~* ",
        "as `match`, in any case",
    ),
];

/// As [`SIMPLE`].
pub static FTS: &[Entry<FtsOperator>] = &[
    entry(
        "fts",
        FtsOperator::Fts,
        "to_tsquery",
        "full-text search with operators",
    ),
    entry(
        "plfts",
        FtsOperator::Plain,
        "plainto_tsquery",
        "all the words",
    ),
    entry(
        "phfts",
        FtsOperator::Phrase,
        "phraseto_tsquery",
        "the words as a phrase",
    ),
    entry(
        "wfts",
        FtsOperator::Websearch,
        "websearch_to_tsquery",
        "as in a web search",
    ),
];

/// The row of an operator. Every operator has one.
pub fn entry_of<O: PartialEq>(table: &'static [Entry<O>], operator: O) -> &'static Entry<O> {
    table
        .iter()
        .find(|entry| entry.operator == operator)
        .expect("the tests below name every operator")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operator_has_its_row() {
        use {FtsOperator as F, QuantifiableOperator as Q, SimpleOperator as S};
        // A new operator does not compile here until it is named below.
        let simple = |operator: S| match operator {
            S::Neq | S::Contains | S::ContainedIn | S::Overlaps | S::StrictlyLeft => 9,
            S::StrictlyRight | S::NotExtendsRight | S::NotExtendsLeft | S::Adjacent => 9,
        };
        let quantifiable = |operator: Q| match operator {
            Q::Eq | Q::Gte | Q::Gt | Q::Lte | Q::Lt | Q::Like | Q::Ilike | Q::Match => 9,
            Q::Imatch => 9,
        };
        let fts = |operator: F| match operator {
            F::Fts | F::Plain | F::Phrase | F::Websearch => 4,
        };
        assert!(
            SIMPLE
                .iter()
                .all(|row| simple(row.operator) == SIMPLE.len())
        );
        assert!(
            QUANTIFIABLE
                .iter()
                .all(|row| quantifiable(row.operator) == QUANTIFIABLE.len())
        );
        assert!(FTS.iter().all(|row| fts(row.operator) == FTS.len()));
    }

    #[test]
    fn names_are_unique_and_longer_ones_come_first() {
        fn check<O>(table: &[Entry<O>]) {
            for (position, row) in table.iter().enumerate() {
                for later in &table[position + 1..] {
                    assert!(!later.name.starts_with(row.name), "{}", later.name);
                }
            }
        }
        check(SIMPLE);
        check(QUANTIFIABLE);
        check(FTS);
    }
}
