//! An error of PostgreSQL in the words of the old name under which it happened.
//!
//! In: an error about a constraint or a right, and the old name of the request's path. Out: the same with the old
//! names of tables, columns and constraints, where PostgreSQL quotes them. What a client sent is in the values, and
//! those stay as they are. Pure. Messages: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.

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
    if !fault.from_database || !CODES.contains(&&*fault.code) {
        return error;
    }
    let words = Words { relation, map };
    fault.message = words.of_quoted(&fault.message);
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
    /// Every second piece between quotes is a name.
    fn of_quoted(&self, text: &str) -> String {
        let pieces = text.split('"').enumerate();
        let pieces: Vec<_> = pieces
            .map(|(place, piece)| match place % 2 {
                1 => self.of_name(piece),
                _ => piece.to_owned(),
            })
            .collect();
        pieces.join("\"")
    }

    /// `Key (opportunity_id)=(7) is not present in table "opportunities".`
    fn of_details(&self, text: &str) -> String {
        let Some((columns, rest)) = text
            .strip_prefix("Key (")
            .and_then(|text| text.split_once(')'))
        else {
            return text.to_owned();
        };
        let columns: Vec<_> = columns
            .split(", ")
            .map(|name| self.of_column(name))
            .collect();
        // The last one, because the values before it may say anything.
        let (values, end) = match rest.rfind(") ") {
            Some(place) => rest.split_at(place),
            None => (rest, ""),
        };
        format!(
            "Key ({}){values}{}",
            columns.join(", "),
            self.of_quoted(end)
        )
    }

    fn of_name(&self, name: &str) -> String {
        if name == self.map.new {
            let is_view = !self.map.old.contains(&self.relation);
            return if is_view {
                self.map.old[0]
            } else {
                self.relation
            }
            .to_owned();
        }
        for map in table::RELATIONS {
            if name == map.new {
                return map.old[0].to_owned();
            }
            if let Some(key) = map.foreign_keys.iter().find(|key| key.new == name) {
                return key.old.to_owned();
            }
            // Other constraints are called after their table.
            if let Some(rest) = name.strip_prefix(map.new).and_then(|n| n.strip_prefix('_')) {
                return format!("{}_{rest}", map.old[0]);
            }
        }
        self.of_column(name)
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
        let key = "Key (opportunity_id)=(9999) is not present in table \"opportunities\".";
        let (message, details) = told("deal_notes", "23503", foreign, key);
        assert_eq!(
            message,
            "insert or update on table \"deal_notes\" violates foreign key constraint \"dealNotes_deal_id_fkey\""
        );
        assert_eq!(
            details,
            "Key (deal_id)=(9999) is not present in table \"deals\"."
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
    }
}
