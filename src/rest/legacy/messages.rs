//! An error of PostgreSQL in the words of the old name under which it happened.
//!
//! In: an error about a constraint or a right, and the old name of the request's path. Out: the same with the old
//! names of tables, columns and constraints, in the sentences in which PostgreSQL names them. What a client sent and
//! what a function of the site says stay as they are. Pure.
//! Source of the sentences: <https://github.com/postgres/postgres/tree/master/src/backend/executor/execMain.c>,
//! `ri_triggers.c`, `nbtinsert.c`, `execIndexing.c`, `aclchk.c`.

use serde_json::Value;

use crate::error::Error;
use crate::mapping::{RelationMap, column_by_old_name, table};

/// Not null, foreign key, unique, check, exclusion; a missing right.
const CODES: [&str; 6] = ["23502", "23503", "23505", "23514", "23P01", "42501"];

/// The error of a request to `relation`.
pub fn in_old_words(mut error: Error, relation: &str) -> Error {
    let Some(map) = of_old_name(relation) else {
        return error;
    };
    let fault = error.fault_mut();
    if !fault.from_database || fault.is_raised || !CODES.contains(&&*fault.code) {
        return error;
    }
    let words = Words { relation, map };
    fault.message = words.of_message(&fault.message);
    if let Some(Value::String(details)) = &mut fault.details {
        *details = words.of_details(details);
    }
    error
}

fn of_old_name(relation: &str) -> Option<&'static RelationMap> {
    let of_view = table::VIEWS.iter().find(|view| view.old == relation);
    let name = of_view.map_or(relation, |_| table::DEALS.old[0]);
    table::RELATIONS.iter().find(|map| map.old.contains(&name))
}

struct Words<'a> {
    /// As the client calls it.
    relation: &'a str,
    map: &'static RelationMap,
}

impl Words<'_> {
    /// PostgreSQL's sentences have names between quotes and no values, but for rights, where names have no quotes.
    fn of_message(&self, text: &str) -> String {
        for kind in ["table ", "view "] {
            let denied = text.strip_prefix("permission denied for ");
            if let Some(name) = denied.and_then(|rest| rest.strip_prefix(kind)) {
                return match self.of_table(name) {
                    Some(old) => format!("permission denied for table {old}"),
                    None => text.to_owned(),
                };
            }
        }
        let pieces = text.split('"').enumerate();
        let pieces: Vec<_> = pieces
            .map(|(place, piece)| match place % 2 {
                1 => self.of_name(piece),
                _ => piece.to_owned(),
            })
            .collect();
        pieces.join("\"")
    }

    /// `Key (opportunity_id)=(7) is not present in table "opportunities".`, and what PostgreSQL says of a key that the
    /// caller may not see; `Key (a)=(1) conflicts with existing key (a)=(2).` The values between may say anything.
    fn of_details(&self, text: &str) -> String {
        let Some(rest) = text.strip_prefix("Key ") else {
            return text.to_owned();
        };
        let (columns, rest) = match rest
            .strip_prefix('(')
            .and_then(|rest| rest.split_once(")=("))
        {
            Some((columns, rest)) => (Some(columns), rest),
            None => (None, rest),
        };
        let mut rest = rest.to_owned();
        for sentence in [
            "is not present in table \"",
            "is still referenced from table \"",
        ] {
            let named = rest
                .strip_suffix("\".")
                .and_then(|rest| rest.rsplit_once(sentence));
            if let Some((before, name)) = named
                && let Some(old) = self.of_table(name)
            {
                rest = format!("{before}{sentence}{old}\".");
                break;
            }
        }
        let Some(columns) = columns else {
            return format!("Key {rest}");
        };
        let old: Vec<_> = columns
            .split(", ")
            .map(|name| self.of_column(name))
            .collect();
        let old = old.join(", ");
        let again = |columns: &str| format!(") conflicts with existing key ({columns})=(");
        if let Some((before, after)) = rest.rsplit_once(&again(columns)) {
            rest = format!("{before}{}{after}", again(&old));
        }
        format!("Key ({old})=({rest}")
    }

    /// The old name of a table, or of the view under it.
    fn of_table(&self, name: &str) -> Option<String> {
        if name == self.map.new || name.strip_suffix("_face") == Some(self.map.old[0]) {
            let is_view = !self.map.old.contains(&self.relation);
            let old = if is_view {
                self.map.old[0]
            } else {
                self.relation
            };
            return Some(old.to_owned());
        }
        let other = table::RELATIONS.iter().find(|map| map.new == name);
        other
            .map(|map| map.old[0].to_owned())
            .or_else(|| self.map.old.contains(&name).then(|| name.to_owned()))
    }

    /// The old name of a table, of a constraint that a migration renames, or of a column.
    fn of_name(&self, name: &str) -> String {
        let of_constraint = |map: &RelationMap| {
            let key = map.foreign_keys.iter().find(|key| key.new == name);
            let primary = name.strip_suffix("_pkey") == Some(map.new);
            key.map(|key| key.old.to_owned())
                .or_else(|| primary.then(|| format!("{}_pkey", map.old[0])))
        };
        self.of_table(name)
            .or_else(|| table::RELATIONS.iter().find_map(of_constraint))
            .unwrap_or_else(|| self.of_column(name))
    }

    fn of_column(&self, name: &str) -> String {
        let columns = &self.map.columns;
        let renamed = columns.iter().find(|column| column.new == name);
        let is_other = column_by_old_name(self.map, name).is_some();
        let renamed = renamed.filter(|_| !is_other);
        renamed.map_or(name, |column| column.old).to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(relation: &str, code: &'static str, message: &str, details: &str) -> (String, String) {
        let mut error = Error::from_database(code, 409, message);
        error.fault_mut().details = Some(details.into());
        let mut error = in_old_words(error, relation);
        let fault = error.fault_mut();
        let details = fault.details.as_ref().and_then(Value::as_str);
        (
            fault.message.clone(),
            details.unwrap_or_default().to_owned(),
        )
    }

    #[test]
    fn names_are_those_that_the_client_knows() {
        let null = "null value in column \"legacy_stage\" of relation \"opportunities\" violates not-null constraint";
        let (message, row) = told(
            "deals",
            "23502",
            null,
            "Failing row contains (1, \"opportunities\").",
        );
        assert_eq!(
            message,
            "null value in column \"stage\" of relation \"deals\" violates not-null constraint"
        );
        assert_eq!(row, "Failing row contains (1, \"opportunities\").");
        let foreign = "insert or update on table \"opportunityNotes\" violates foreign key constraint \"opportunityNotes_opportunity_id_fkey\"";
        for (details, expected) in [
            (
                "Key (opportunity_id)=(9999) is not present in table \"opportunities\".",
                "Key (deal_id)=(9999) is not present in table \"deals\".",
            ),
            // A caller who may not see the other row is told no key.
            (
                "Key is not present in table \"opportunities\".",
                "Key is not present in table \"deals\".",
            ),
            (
                "Key (id)=(7) is still referenced from table \"quotes\".",
                "Key (id)=(7) is still referenced from table \"quotes\".",
            ),
        ] {
            let (message, details) = told("deal_notes", "23503", foreign, details);
            assert_eq!(
                message,
                "insert or update on table \"deal_notes\" violates foreign key constraint \"dealNotes_deal_id_fkey\""
            );
            assert_eq!(details, expected);
        }
        for (text, expected) in [
            ("table opportunities", "table deals"),
            ("view deals", "table deals"),
            ("view deals_face", "table deals"),
            ("table contacts", "table contacts"),
        ] {
            let denied = format!("permission denied for {text}");
            assert_eq!(
                told("deals", "42501", &denied, "").0,
                format!("permission denied for {expected}")
            );
        }
        let policy =
            "new row violates row-level security policy \"mine\" for table \"opportunities\"";
        assert!(
            told("deals", "42501", policy, "")
                .0
                .ends_with("for table \"deals\"")
        );
    }

    #[test]
    fn values_and_new_names_stay() {
        let unique = "duplicate key value violates unique constraint \"opportunities_pkey\"";
        let key = "Key (name)=(is \"opportunities\") already) exists.";
        let (message, details) = told("deals", "23505", unique, key);
        assert!(message.contains("\"deals_pkey\""), "{message}");
        assert_eq!(details, key);
        assert_eq!(told("opportunities", "23505", unique, key).0, unique);
        let syntax = "invalid input syntax for type bigint: \"opportunities\"";
        assert_eq!(told("deals", "22P02", syntax, "").0, syntax);
        // The site's own constraint is called what it was called.
        let own = "duplicate key value violates unique constraint \"opportunities_2026\"";
        assert_eq!(told("deals", "23505", own, "").0, own);
    }

    #[test]
    fn both_keys_of_an_exclusion_are_translated_and_no_value() {
        let own = "conflicting key value violates exclusion constraint \"own\"";
        let sent = "z) \"opportunities\" b";
        let told = |columns: &str| {
            let details = format!(
                "Key ({columns})=({sent}) conflicts with existing key ({columns})=({sent})."
            );
            told("dealNotes", "23P01", own, &details).1
        };
        assert_eq!(
            told("opportunity_id, type"),
            format!(
                "Key (deal_id, type)=({sent}) conflicts with existing key (deal_id, type)=({sent})."
            )
        );
        assert!(told("lower(text)").starts_with("Key (lower(text))=(z) "));
    }

    #[test]
    fn a_sentence_of_the_site_stays() {
        let text = "The name \"opportunities\" is taken";
        let mut error = Error::from_database("23505", 409, text);
        error.fault_mut().is_raised = true;
        assert_eq!(in_old_words(error, "deals").fault_mut().message, text);
    }
}
