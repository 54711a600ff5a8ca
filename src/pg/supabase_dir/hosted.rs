//! Statements about extensions that only Supabase's image has. Their stand-ins are the platform's, so
//! such a statement is taken as done.

use super::statements::without_comments;

/// Extensions of Supabase's image that plain PostgreSQL does not have, by name.
const HOSTED_ONLY: &[&str] = &[
    "http",
    "hypopg",
    "index_advisor",
    "pg_cron",
    "pg_graphql",
    "pg_hashids",
    "pg_jsonschema",
    "pg_net",
    "pg_repack",
    "pg_stat_monitor",
    "pg_tle",
    "pgaudit",
    "pgjwt",
    "pgmq",
    "pgroonga",
    "pgsodium",
    "pgtap",
    "plpgsql_check",
    "plv8",
    "rum",
    "supabase-dbdev",
    "supabase_vault",
    "timescaledb",
    "wrappers",
];

/// The hosted-only extension that a statement makes, changes or describes. Removing one needs no help:
/// it says `if exists`.
pub(super) fn extension(statement: &str) -> Option<String> {
    let text = without_comments(statement);
    let mut words = text.split_whitespace().map(str::to_lowercase).peekable();
    match words.next()?.as_str() {
        "create" | "alter" => {}
        "comment" => {
            words.next_if_eq("on")?;
        }
        _ => return None,
    }
    words.next_if_eq("extension")?;
    for word in ["if", "not", "exists"] {
        let _ = words.next_if_eq(word);
    }
    let name = words.next()?;
    let name = name.trim_matches(['"', ';']);
    HOSTED_ONLY.contains(&name).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_about_hosted_extensions_are_known_however_they_are_written() {
        for (statement, expected) in [
            (
                "create extension if not exists \"http\" with schema \"extensions\"",
                Some("http"),
            ),
            ("CREATE EXTENSION IF NOT EXISTS pg_net", Some("pg_net")),
            (
                "-- why\n/* how */ create extension pg_cron",
                Some("pg_cron"),
            ),
            (
                "comment on extension supabase_vault is 'x'",
                Some("supabase_vault"),
            ),
            (
                "alter extension pg_net set schema extensions",
                Some("pg_net"),
            ),
            ("create extension if not exists citext", None),
            ("drop extension if exists pg_net cascade", None),
            ("create table extension (http int)", None),
            ("comment on table http is 'x'", None),
            ("select 'create extension http'", None),
            ("", None),
        ] {
            assert_eq!(extension(statement).as_deref(), expected, "{statement}");
        }
    }
}
