//! Where the columns of a view come from, read from the parse tree that PostgreSQL keeps of its query.
//!
//! Comes in: the text of `pg_rewrite.ev_action` of a view's SELECT rule, the same notation from
//! PostgreSQL 15 to 18. Goes out: for each output column, the relation and column that the parser
//! recorded as its origin; expressions and set operations (UNION…) have none. A relation may itself be
//! a view; following it further is up to [`super::view_keys`].
//!
//! The notation, of which only the outermost query's target list is read:
//!
//! ```text
//! tree  = "(" node* ")"
//! node  = "{" NAME field* "}"
//! field = ":label" value atom*          value = node | "(" … ")" | atom
//! ```
//!
//! A backslash protects the next character of an atom, so parentheses and braces inside names never
//! count. Source: `src/backend/nodes/read.c` of PostgreSQL.

/// An output column of a view that is a column of another relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColumnOrigin {
    /// Number of the output column, from 1.
    pub number: i16,
    /// OID of the relation.
    pub relation: u32,
    /// Number of the relation's column.
    pub column: i16,
}

/// Origins of the outermost query's columns; empty when the text is not a query's tree.
pub fn column_origins(tree: &str) -> Vec<ColumnOrigin> {
    let mut tokens = Tokens { rest: tree };
    let mut origins = Vec::new();
    if tokens.next() != Some("(") || tokens.next() != Some("{") || tokens.next() != Some("QUERY") {
        return origins;
    }
    while let Some(label) = tokens.next_label() {
        if label == ":targetList" {
            if tokens.next() == Some("(") {
                while tokens.next() == Some("{") {
                    origins.extend(target_entry(&mut tokens));
                }
            }
            return origins;
        }
        tokens.skip_value();
    }
    origins
}

/// Reads the rest of `{TARGETENTRY … }`.
fn target_entry(tokens: &mut Tokens<'_>) -> Option<ColumnOrigin> {
    let (mut number, mut relation, mut column) = (None, None, None);
    while let Some(label) = tokens.next_label() {
        match label {
            ":resno" => number = tokens.next()?.parse().ok(),
            ":resorigtbl" => relation = tokens.next()?.parse().ok(),
            ":resorigcol" => column = tokens.next()?.parse().ok(),
            _ => tokens.skip_value(),
        }
    }
    let origin = ColumnOrigin {
        number: number?,
        relation: relation?,
        column: column?,
    };
    (origin.relation != 0 && origin.column > 0).then_some(origin)
}

/// The tree as parentheses, braces and atoms.
struct Tokens<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Tokens<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        self.rest = self.rest.trim_start_matches([' ', '\n', '\t']);
        let first = self.rest.chars().next()?;
        let end = if is_bracket(first) {
            1
        } else {
            let mut protected = false;
            self.rest
                .find(|c| {
                    let ends = !protected && (matches!(c, ' ' | '\n' | '\t') || is_bracket(c));
                    protected = !protected && c == '\\';
                    ends
                })
                .unwrap_or(self.rest.len())
        };
        let (token, rest) = self.rest.split_at(end);
        self.rest = rest;
        Some(token)
    }
}

impl<'a> Tokens<'a> {
    /// The next label of the current node; `None` at the node's closing brace, which is consumed.
    fn next_label(&mut self) -> Option<&'a str> {
        loop {
            match self.next()? {
                "}" => return None,
                "(" | "{" => self.skip_to_close(),
                token if token.starts_with(':') => return Some(token),
                _ => {}
            }
        }
    }

    /// Skips one value, whatever it looks like: an atom may start with a colon.
    fn skip_value(&mut self) {
        if matches!(self.next(), Some("(" | "{")) {
            self.skip_to_close();
        }
    }

    /// Skips to the bracket that closes the one just read.
    fn skip_to_close(&mut self) {
        let mut depth = 1_usize;
        while depth > 0 {
            match self.next() {
                Some("(" | "{") => depth += 1,
                Some(")" | "}") => depth -= 1,
                Some(_) => {}
                None => return,
            }
        }
    }
}

fn is_bracket(c: char) -> bool {
    matches!(c, '(' | ')' | '{' | '}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn origin(number: i16, relation: u32, column: i16) -> ColumnOrigin {
        ColumnOrigin {
            number,
            relation,
            column,
        }
    }

    #[test]
    fn only_the_outermost_target_list_counts() {
        let tree = "({QUERY :commandType 1 :utilityStmt <> :rtable ({RANGETBLENTRY :alias \
            {ALIAS :aliasname sub :colnames (\"a\" \"b\")} :subquery {QUERY :commandType 1 \
            :targetList ({TARGETENTRY :expr {VAR :varno 1} :resno 1 :resname x :ressortgroupref 0 \
            :resorigtbl 99 :resorigcol 9 :resjunk false}) :rowMarks <>}}) \
            :jointree {FROMEXPR :fromlist ({RANGETBLREF :rtindex 1}) :quals <>} \
            :targetList ({TARGETENTRY :expr {VAR :varno 1} :resno 1 :resname id :ressortgroupref 0 \
            :resorigtbl 16385 :resorigcol 2 :resjunk false} {TARGETENTRY :expr {CONST :constvalue 4 \
            [ 1 0 0 0 ]} :resno 2 :resname n :ressortgroupref 0 :resorigtbl 0 :resorigcol 0 \
            :resjunk false} {TARGETENTRY :expr {VAR :varno 1} :resno 3 :resname z :ressortgroupref 0 \
            :resorigtbl 16390 :resorigcol 1 :resjunk false}) :returningList <>})";
        assert_eq!(
            column_origins(tree),
            vec![origin(1, 16385, 2), origin(3, 16390, 1)]
        );
    }

    #[test]
    fn odd_column_names_do_not_confuse_the_reader() {
        let tree = r"({QUERY :relname :targetList :list (b 1 2) :targetList ({TARGETENTRY :expr <>
            :resno 1 :resname a\ \)\}b\\ :resorigtbl 5 :resorigcol 1 :resjunk false}
            {TARGETENTRY :expr <> :resno 2 :resname :resorigtbl :resorigtbl 6 :resorigcol 2})})";
        assert_eq!(column_origins(tree), vec![origin(1, 5, 1), origin(2, 6, 2)]);
    }

    #[test]
    fn a_query_without_target_list_or_another_node_has_no_origins() {
        assert!(column_origins("({QUERY :targetList <> :x 1})").is_empty());
        assert!(column_origins("({NOTIFYSTMT :conditionname x})").is_empty());
        assert!(column_origins("<>").is_empty());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_fail(text in "\\PC{0,80}", tail in "[(){} :a-z\\\\]{0,80}") {
            let broken = format!("({{QUERY :targetList ({{TARGETENTRY {tail}");
            prop_assert!(column_origins(&text).is_empty() || text.starts_with('('));
            prop_assert!(column_origins(&broken).is_empty());
        }
    }
}
