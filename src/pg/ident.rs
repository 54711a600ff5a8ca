//! Identifiers and literals: the one place that quotes them for SQL text.
//!
//! Everything that reaches SQL text as a name goes through [`quote_ident`] or
//! [`QualifiedIdentifier::quoted`]; client values are parameters and never text.
//! Source: <https://www.postgresql.org/docs/current/sql-syntax-lexical.html>.

use std::fmt;

use serde::Serialize;

/// A relation, routine or type named with its schema, unquoted.
///
/// An empty `schema` means "resolved by the search path" (aliases inside generated SQL).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct QualifiedIdentifier {
    /// Schema name, or empty.
    pub schema: String,
    /// Object name.
    pub name: String,
}

impl QualifiedIdentifier {
    /// Builds the identifier from its two unquoted parts.
    pub fn new(schema: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            schema: schema.into(),
            name: name.into(),
        }
    }

    /// An identifier without schema: an alias, or a name left to the search path.
    pub fn unqualified(name: impl Into<String>) -> Self {
        Self::new("", name)
    }

    /// Splits `schema.name` at the first dot; without a dot the schema is empty.
    pub fn parse(text: &str) -> Self {
        match text.split_once('.') {
            Some((schema, name)) => Self::new(schema, name),
            None => Self::unqualified(text),
        }
    }

    /// The SQL text, both parts quoted: `"public"."deals"`, or `"deals"` without a schema.
    pub fn quoted(&self) -> String {
        if self.schema.is_empty() {
            quote_ident(&self.name)
        } else {
            format!("{}.{}", quote_ident(&self.schema), quote_ident(&self.name))
        }
    }
}

impl fmt::Display for QualifiedIdentifier {
    /// The unquoted `schema.name`, for messages only, never for SQL.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.schema.is_empty() {
            f.write_str(&self.name)
        } else {
            write!(f, "{}.{}", self.schema, self.name)
        }
    }
}

/// Quotes one identifier: doubles inner quotes, stops at a NUL (PostgreSQL cannot store one).
pub fn quote_ident(name: &str) -> String {
    let name = until_nul(name);
    let mut out = String::with_capacity(name.len() + 2);
    out.push('"');
    for c in name.chars() {
        if c == '"' {
            out.push('"');
        }
        out.push(c);
    }
    out.push('"');
    out
}

/// Quotes a literal as a string constant. Only for text that came from the catalogue or from our
/// own tables; client values are parameters.
pub fn quote_literal(text: &str) -> String {
    let text = until_nul(text);
    let escaped = text.replace('\'', "''");
    if escaped.contains('\\') {
        format!("E'{}'", escaped.replace('\\', "\\\\"))
    } else {
        format!("'{escaped}'")
    }
}

fn until_nul(text: &str) -> &str {
    text.split('\0').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_quoted_and_inner_quotes_doubled() {
        assert_eq!(quote_ident("select"), "\"select\"");
        assert_eq!(quote_ident("a\"b"), "\"a\"\"b\"");
        assert_eq!(quote_ident("a\0b"), "\"a\"");
        assert_eq!(
            QualifiedIdentifier::new("public", "deals").quoted(),
            "\"public\".\"deals\""
        );
        assert_eq!(QualifiedIdentifier::unqualified("t").quoted(), "\"t\"");
    }

    #[test]
    fn literals_survive_quotes_and_backslashes() {
        assert_eq!(quote_literal("O'Neil"), "'O''Neil'");
        assert_eq!(quote_literal("a\\b'c"), "E'a\\\\b''c'");
    }
}
