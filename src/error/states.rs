//! The table of SQLSTATE -> HTTP status: single codes, classes (their first two characters), and the
//! few codes whose status depends on more.
//!
//! Readers: [`super::sqlstate`], the generated page `docs/reference/errors.md`.
//! Source: <https://docs.postgrest.org/en/stable/references/errors.html#status-codes>,
//! <https://www.postgresql.org/docs/current/errcodes-appendix.html>.

/// Status of a code that is in no row.
pub const OTHERWISE: u16 = 400;

/// One row: all codes that start with `state`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateRule {
    /// A code, or the two characters of a class.
    pub state: &'static str,
    pub status: u16,
    /// What PostgreSQL says with it, for the reference page.
    pub meaning: &'static str,
}

/// A row whose status depends on the message or on who asks; [`super::sqlstate`] knows how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpecialRule {
    pub state: &'static str,
    pub status: u16,
    /// When, for the reference page.
    pub when: &'static str,
}

const fn rule(state: &'static str, status: u16, meaning: &'static str) -> StateRule {
    StateRule {
        state,
        status,
        meaning,
    }
}

/// Sorted; a code of its own comes before its class where they are looked up.
pub static RULES: &[StateRule] = &[
    rule("08", 503, "connection exception"),
    rule("09", 500, "triggered action exception"),
    rule("0L", 403, "invalid grantor"),
    rule("0P", 403, "invalid role specification"),
    rule("21000", 500, "cardinality violation"),
    rule("23503", 409, "foreign key violation"),
    rule("23505", 409, "unique violation"),
    rule("25", 500, "invalid transaction state"),
    rule("25006", 405, "read-only transaction"),
    rule("28", 403, "invalid authorization specification"),
    rule("2D", 500, "invalid transaction termination"),
    rule("38", 500, "external routine exception"),
    rule("39", 500, "external routine invocation exception"),
    rule("3B", 500, "savepoint exception"),
    rule("40", 500, "transaction rollback"),
    rule("42883", 404, "undefined function"),
    rule("42P01", 404, "undefined table"),
    rule("42P17", 500, "infinite recursion in a policy"),
    rule("53", 503, "insufficient resources"),
    rule("53400", 500, "configuration limit exceeded"),
    rule("54", 500, "program limit exceeded"),
    rule("55", 500, "object not in prerequisite state"),
    rule("57", 500, "operator intervention"),
    rule("57P01", 503, "shutdown by an administrator"),
    rule("58", 500, "system error"),
    rule("F0", 500, "configuration file error"),
    rule("HV", 500, "foreign data wrapper error"),
    rule("P0", 500, "PL/pgSQL error"),
    rule("P0001", 400, "`RAISE` without a code"),
    rule("PT", 500, "`PTxxx` that is no status"),
    rule("XX", 500, "internal error"),
];

/// What the rows above do not say.
pub static SPECIAL: &[SpecialRule] = &[
    SpecialRule {
        state: "PTxxx",
        status: 0,
        when: "the status is `xxx`: a function chose it",
    },
    SpecialRule {
        state: "PGRST",
        status: 0,
        when: "a function raised the whole answer as JSON",
    },
    SpecialRule {
        state: "21000",
        status: 400,
        when: "the message ends with `requires a WHERE clause` (pg-safeupdate)",
    },
    SpecialRule {
        state: "22023",
        status: 401,
        when: "the role of the token does not exist",
    },
    SpecialRule {
        state: "42501",
        status: 403,
        when: "a privilege is missing and the request has a token",
    },
    SpecialRule {
        state: "42501",
        status: 401,
        when: "a privilege is missing and the request is anonymous",
    },
    SpecialRule {
        state: "42883",
        status: 406,
        when: "`xmlagg` has no version for the type",
    },
];

/// The status of a code: its own row, else its class's, else [`OTHERWISE`].
pub fn status(code: &str) -> u16 {
    let row = |state: &str| RULES.iter().find(|rule| rule.state == state);
    row(code)
        .or_else(|| row(code.get(..2)?))
        .map_or(OTHERWISE, |rule| rule.status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sorted_unique_codes_and_classes() {
        for pair in RULES.windows(2) {
            assert!(pair[0].state < pair[1].state, "{}", pair[1].state);
        }
        for rule in RULES {
            assert!([2, 5].contains(&rule.state.len()), "{}", rule.state);
        }
    }

    #[test]
    fn a_code_comes_before_its_class() {
        assert_eq!(status("25006"), 405);
        assert_eq!(status("25001"), 500);
        assert_eq!(status("22P02"), OTHERWISE);
        assert_eq!(status(""), OTHERWISE);
        assert_eq!(status("ü"), OTHERWISE);
    }
}
