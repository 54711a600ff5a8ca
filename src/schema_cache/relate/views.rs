//! Foreign keys of tables as relationships of the views that show their columns.
//!
//! Source: <https://docs.postgrest.org/en/stable/references/api/resource_embedding.html#foreign-key-joins-on-views>.

use super::{ForeignKey, cardinality};
use crate::pg::ident::QualifiedIdentifier;
use crate::schema_cache::relationship::Relationship;
use crate::schema_cache::view_keys::ViewColumns;

/// The foreign key as seen from views of its table to the referenced table, from its table to views of
/// the referenced table, and between views. A view that shows a column twice gets a relationship for each.
pub(super) fn view_relationships(key: &ForeignKey, views: &[ViewColumns]) -> Vec<Relationship> {
    let columns_of = |pick: fn(&(String, String)) -> &String| {
        key.columns.iter().map(|pair| pick(pair).as_str()).collect()
    };
    let table = (&key.relation, columns_of(|pair| &pair.0), false);
    let foreign_table = (&key.foreign_relation, columns_of(|pair| &pair.1), false);
    let sources = key_views(views, key.relation_oid, &key.column_numbers);
    let targets = key_views(views, key.foreign_oid, &key.foreign_column_numbers);

    let mut found = Vec::new();
    for source in std::iter::once(&table).chain(&sources) {
        for target in std::iter::once(&foreign_table).chain(&targets) {
            if !(source.2 || target.2) {
                continue;
            }
            let columns = std::iter::zip(&source.1, &target.1)
                .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
                .collect();
            found.push(Relationship::ForeignKey {
                table: source.0.clone(),
                foreign_table: target.0.clone(),
                is_self: source.0 == target.0,
                cardinality: cardinality(key, columns),
                table_is_view: source.2,
                foreign_table_is_view: target.2,
            });
        }
    }
    found
}

/// One end of a relationship: relation, key columns, whether it is a view.
type KeyEnd<'a> = (&'a QualifiedIdentifier, Vec<&'a str>, bool);

fn key_views<'a>(views: &'a [ViewColumns], relation: u32, columns: &[i16]) -> Vec<KeyEnd<'a>> {
    views
        .iter()
        .filter_map(|view| Some((view, view.key(relation, columns)?)))
        .flat_map(|(view, names)| {
            combinations(&names)
                .into_iter()
                .map(|columns| (&view.view, columns, true))
        })
        .collect()
}

/// One name of each list, in all combinations.
fn combinations<'a>(names: &[&'a [String]]) -> Vec<Vec<&'a str>> {
    names.iter().fold(vec![Vec::new()], |prefixes, names| {
        prefixes
            .iter()
            .flat_map(|prefix: &Vec<&str>| {
                names.iter().map(|name| {
                    let mut longer = prefix.clone();
                    longer.push(name);
                    longer
                })
            })
            .collect()
    })
}
