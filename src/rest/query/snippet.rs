//! [`Snippet`]: SQL text plus typed parameters, the only way SQL is joined in this crate.
//!
//! A client's text can only enter a snippet through [`Snippet::param`]; names only through
//! [`Snippet::ident`] and [`Snippet::qi`]; everything else is `&'static str`. [`Snippet::raw`] exists for text
//! that the schema cache delivered (type names) and is named so that a reader notices it.

use std::borrow::Cow;

use bytes::Bytes;

use crate::pg::ident::{QualifiedIdentifier, quote_ident, quote_literal};

/// A parameter value with the type PostgreSQL is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Param {
    /// Type `unknown`: PostgreSQL infers the type from the context, as for a quoted literal.
    Unknown(Option<String>),
    /// Type `text`.
    Text(Option<String>),
    /// Type `json`, the request body as received.
    Json(Option<Bytes>),
    /// Type `jsonb`, the request body as received.
    Jsonb(Option<Bytes>),
    /// Type `bytea`.
    Bytea(Option<Bytes>),
    /// Type `unknown` from raw bytes (an RPC body of type text or xml).
    UnknownBytes(Option<Bytes>),
    /// Type `text[]`.
    TextArray(Vec<String>),
}

#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Sql(Cow<'static, str>),
    Param(Param),
    /// One of few values: part of the text of a statement without parameters, a parameter of one that has some.
    Listed {
        literal: String,
        value: String,
    },
}

/// A piece of SQL with its parameters in order of appearance.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Snippet {
    pieces: Vec<Piece>,
}

impl Snippet {
    /// The empty snippet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Constant SQL text.
    pub fn sql(text: &'static str) -> Self {
        Self {
            pieces: vec![Piece::Sql(Cow::Borrowed(text))],
        }
    }

    /// SQL text that the schema cache or the grammar has already restricted (type names, numbers).
    /// Never a client's free text.
    pub fn raw(text: impl Into<String>) -> Self {
        Self {
            pieces: vec![Piece::Sql(Cow::Owned(text.into()))],
        }
    }

    /// A quoted identifier.
    pub fn ident(name: &str) -> Self {
        Self::raw(quote_ident(name))
    }

    /// A quoted, schema-qualified identifier.
    pub fn qi(name: &QualifiedIdentifier) -> Self {
        Self::raw(name.quoted())
    }

    /// A quoted literal; for catalogue text only (see [`quote_literal`]).
    pub fn literal(text: &str) -> Self {
        Self::raw(quote_literal(text))
    }

    /// A parameter.
    pub fn param(value: Param) -> Self {
        Self {
            pieces: vec![Piece::Param(value)],
        }
    }

    /// A parameter of type `unknown`.
    pub fn unknown(value: impl Into<String>) -> Self {
        Self::param(Param::Unknown(Some(value.into())))
    }

    /// A parameter of type `text`.
    pub fn text(value: impl Into<String>) -> Self {
        Self::param(Param::Text(Some(value.into())))
    }

    /// A number of rows for `LIMIT`, which is written out where the statement has no parameter besides: PostgreSQL
    /// plans such a statement once, and one with `LIMIT $n` at every execution, because it guesses what `$n` may
    /// be. What the statement reads and how is the same. With further parameters it stays one itself: for a text
    /// with the number in it PostgreSQL might keep the plan that is good for the most common value of the others.
    pub fn rows(number: i64) -> Self {
        let value = number.to_string();
        Self::sql_or_param(value.clone(), value)
    }

    /// A value that the mapping lists for the text column it is compared with, a stage. It is a literal where the statement has no parameter besides, as with [`Snippet::rows`]: each value
    /// has a statement of its own, planned once and for that value. Never a client's free text.
    pub fn listed(value: &str) -> Self {
        Self::sql_or_param(quote_literal(value), value.to_owned())
    }

    fn sql_or_param(literal: String, value: String) -> Self {
        Self {
            pieces: vec![Piece::Listed { literal, value }],
        }
    }

    /// Appends another snippet.
    pub fn push(&mut self, other: Snippet) -> &mut Self {
        self.pieces.extend(other.pieces);
        self
    }

    /// Appends constant SQL text.
    pub fn push_sql(&mut self, text: &'static str) -> &mut Self {
        self.pieces.push(Piece::Sql(Cow::Borrowed(text)));
        self
    }

    /// Appends and returns self, for building in one expression.
    #[must_use]
    pub fn then(mut self, other: Snippet) -> Self {
        self.push(other);
        self
    }

    /// Appends constant text and returns self.
    #[must_use]
    pub fn then_sql(mut self, text: &'static str) -> Self {
        self.push_sql(text);
        self
    }

    /// Joins snippets with a constant separator.
    pub fn join(separator: &'static str, items: impl IntoIterator<Item = Snippet>) -> Self {
        let mut out = Snippet::new();
        for (i, item) in items.into_iter().enumerate() {
            if i > 0 {
                out.push_sql(separator);
            }
            out.push(item);
        }
        out
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// The statement text with `$1…$n` and the parameters in that order.
    pub fn render(self) -> (String, Vec<Param>) {
        let mut text = String::with_capacity(self.pieces.len() * 16);
        let mut params = Vec::new();
        let has_params = self.pieces.iter().any(|p| matches!(p, Piece::Param(_)));
        for piece in self.pieces {
            let param = match piece {
                Piece::Sql(sql) => {
                    text.push_str(&sql);
                    continue;
                }
                Piece::Listed { literal, .. } if !has_params => {
                    text.push_str(&literal);
                    continue;
                }
                Piece::Listed { value, .. } => Param::Unknown(Some(value)),
                Piece::Param(param) => param,
            };
            params.push(param);
            text.push('$');
            text.push_str(&params.len().to_string());
        }
        (text, params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbered_in_order_of_appearance() {
        let filter = |c: &str, v: &str| Snippet::ident(c).then_sql(" = ").then(Snippet::unknown(v));
        let where_ = Snippet::join(" AND ", [filter("a", "1"), filter("b", "'; drop table x")]);
        let (text, params) = Snippet::sql("SELECT 1 WHERE ").then(where_).render();
        assert_eq!(text, "SELECT 1 WHERE \"a\" = $1 AND \"b\" = $2");
        assert_eq!(
            params,
            vec![
                Param::Unknown(Some("1".into())),
                Param::Unknown(Some("'; drop table x".into()))
            ]
        );
    }

    #[test]
    fn a_number_of_rows_is_text_only_where_nothing_else_varies() {
        let limited = || Snippet::sql(" LIMIT ").then(Snippet::rows(25));
        assert_eq!(limited().render(), (" LIMIT 25".to_owned(), vec![]));
        let filtered = Snippet::unknown("won").then(limited());
        let params = ["won", "25"].map(|v| Param::Unknown(Some(v.into())));
        assert_eq!(
            filtered.render(),
            ("$1 LIMIT $2".to_owned(), params.to_vec())
        );
    }

    #[test]
    fn a_listed_value_is_text_only_where_nothing_else_varies() {
        let of_stage = || Snippet::sql("stage = ").then(Snippet::listed("won't"));
        assert_eq!(
            of_stage()
                .then_sql(" LIMIT ")
                .then(Snippet::rows(25))
                .render(),
            ("stage = 'won''t' LIMIT 25".to_owned(), vec![])
        );
        let params = ["won't", "7"].map(|v| Param::Unknown(Some(v.into())));
        assert_eq!(
            of_stage()
                .then_sql(" AND id = ")
                .then(Snippet::unknown("7"))
                .render(),
            ("stage = $1 AND id = $2".to_owned(), params.to_vec())
        );
    }
}
