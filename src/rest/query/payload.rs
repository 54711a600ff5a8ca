//! The JSON body of a write or a call as a row source named `pgrst_body`.
//!
//! The body is one parameter whatever it holds; PostgreSQL takes it apart with `json_to_recordset`.
//! Source: <https://docs.postgrest.org/en/stable/references/api/tables_views.html#insert>,
//! <https://docs.postgrest.org/en/stable/references/api/preferences.html#missing>.

use bytes::Bytes;

use super::fragment::{alias_column, call, ident_list};
use super::snippet::{Param, Snippet};
use crate::rest::plan::{CoercibleField, JsonBody};

/// Name of the row source.
pub const BODY: &str = "pgrst_body";

/// A body with the columns to take from it.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    pub body: Option<&'a JsonBody>,
    pub columns: &'a [CoercibleField],
    /// Missing keys get the column's default instead of null.
    pub apply_defaults: bool,
    /// Only the first element of an array.
    pub first_only: bool,
}

impl Source<'_> {
    fn is_object(&self) -> bool {
        self.body.is_some_and(|body| body.is_object)
    }

    fn raw(&self) -> Option<Bytes> {
        self.body.map(|body| body.raw.clone())
    }

    /// `"pgrst_body"."a", …`.
    pub fn column_list(&self) -> Snippet {
        let columns = self.columns.iter().map(|c| alias_column(BODY, &c.name));
        Snippet::join(", ", columns)
    }

    /// The row source with its alias, ready to stand behind `FROM`.
    pub fn rows(&self) -> Snippet {
        if self.columns.is_empty() {
            return self.empty_rows();
        }
        if self.first_only && !self.is_object() {
            return Snippet::sql("(SELECT * FROM ")
                .then(self.records())
                .then_sql(" LIMIT 1) ")
                .then(Snippet::raw(BODY));
        }
        if self.columns.iter().any(|c| c.transform.is_some()) {
            return self.transformed();
        }
        self.records()
    }

    /// One row for `{}`, as many as there are elements for `[{}, {}]`.
    fn empty_rows(&self) -> Snippet {
        if self.is_object() {
            return Snippet::sql("(VALUES (1)) ").then(Snippet::raw(BODY));
        }
        Snippet::sql("json_array_elements(")
            .then(Snippet::param(Param::Json(self.raw())))
            .then_sql(") ")
            .then(Snippet::raw(BODY))
    }

    /// Columns read by their representation functions.
    fn transformed(&self) -> Snippet {
        let columns = self.columns.iter().map(|c| match &c.transform {
            Some(parse) => call(parse, alias_column(BODY, &c.name))
                .then_sql(" AS ")
                .then(Snippet::ident(&c.name)),
            None => alias_column(BODY, &c.name),
        });
        Snippet::sql("(SELECT ")
            .then(Snippet::join(", ", columns))
            .then_sql(" FROM ")
            .then(self.records())
            .then_sql(") ")
            .then(Snippet::raw(BODY))
    }

    fn records(&self) -> Snippet {
        let types = self.columns.iter().map(|c| {
            Snippet::ident(&c.name)
                .then_sql(" ")
                .then(Snippet::raw(c.ir_type.as_str()))
        });
        let types = Snippet::sql(" AS pgrst_body(")
            .then(Snippet::join(", ", types))
            .then_sql(")");
        if self.apply_defaults {
            return self.records_with_defaults(types);
        }
        Snippet::sql(if self.is_object() {
            "json_to_record("
        } else {
            "json_to_recordset("
        })
        .then(Snippet::param(Param::Json(self.raw())))
        .then_sql(")")
        .then(types)
    }

    /// Each object is laid over an object of the columns' defaults.
    fn records_with_defaults(&self, types: Snippet) -> Snippet {
        let defaults = self.columns.iter().filter_map(|c| {
            let default = Snippet::raw(c.default.as_deref()?);
            Some(Snippet::literal(&c.name).then_sql(", ").then(default))
        });
        let defaults = Snippet::sql("jsonb_build_object(")
            .then(Snippet::join(", ", defaults))
            .then_sql(")");
        let body = Snippet::param(Param::Jsonb(self.raw()));
        if self.is_object() {
            return Snippet::sql("jsonb_to_record(")
                .then(defaults)
                .then_sql(" || ")
                .then(body)
                .then_sql(")")
                .then(types);
        }
        Snippet::sql("(SELECT jsonb_agg(")
            .then(defaults)
            .then_sql(" || elem.value) AS val FROM jsonb_array_elements(")
            .then(body)
            .then_sql(") AS elem(value)) pgrst_defaulted, LATERAL jsonb_to_recordset(pgrst_defaulted.val)")
            .then(types)
    }

    /// `"a", "b"`.
    pub fn target_list(&self) -> Snippet {
        ident_list(self.columns.iter().map(|c| c.name.as_str()))
    }
}
