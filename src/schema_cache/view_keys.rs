//! Which columns of a view are which columns of tables, also through other views.
//!
//! Comes in: the views with their columns' direct origins ([`super::node_tree`]). Goes out: per view a
//! [`ViewColumns`], which answers under which names the view shows the columns of a key. Views take
//! part in resource embedding and have primary keys through it.
//! Source: <https://docs.postgrest.org/en/stable/references/api/resource_embedding.html#foreign-key-joins-on-views>.

use std::collections::{HashMap, HashSet};

use super::node_tree::ColumnOrigin;
use crate::pg::ident::QualifiedIdentifier;

/// OID and column number of a relation's column.
type ColumnId = (u32, i16);

/// A view as the catalogue describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    pub oid: u32,
    pub name: QualifiedIdentifier,
    /// In an exposed schema; the others only serve to look through them.
    pub is_exposed: bool,
    /// Names by number, starting at 1.
    pub columns: Vec<String>,
    pub origins: Vec<ColumnOrigin>,
}

/// The columns of other relations that a view shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewColumns {
    pub view: QualifiedIdentifier,
    /// Origin -> names in the view, in its order; a column may be shown more than once.
    shown: HashMap<ColumnId, Vec<String>>,
}

impl ViewColumns {
    /// For each column of the key, the names under which the view shows it; `None` unless it shows
    /// them all.
    pub fn key(&self, relation: u32, columns: &[i16]) -> Option<Vec<&[String]>> {
        columns
            .iter()
            .map(|column| self.shown.get(&(relation, *column)).map(Vec::as_slice))
            .collect()
    }
}

/// Follows the columns of the exposed views through all views given.
pub fn trace(views: &[View]) -> Vec<ViewColumns> {
    let direct: HashMap<ColumnId, ColumnId> = views
        .iter()
        .flat_map(|view| {
            view.origins
                .iter()
                .map(|o| ((view.oid, o.number), (o.relation, o.column)))
        })
        .collect();
    views
        .iter()
        .filter(|view| view.is_exposed)
        .map(|view| ViewColumns {
            view: view.name.clone(),
            shown: shown_columns(view, &direct),
        })
        .collect()
}

fn shown_columns(
    view: &View,
    direct: &HashMap<ColumnId, ColumnId>,
) -> HashMap<ColumnId, Vec<String>> {
    let mut shown: HashMap<ColumnId, Vec<String>> = HashMap::new();
    for (number, name) in (1_i16..).zip(&view.columns) {
        let mut column = (view.oid, number);
        // Views that were replaced can refer to each other in a circle.
        let mut seen = HashSet::from([column]);
        while let Some(origin) = direct.get(&column) {
            if !seen.insert(*origin) {
                break;
            }
            shown.entry(*origin).or_default().push(name.clone());
            column = *origin;
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(oid: u32, is_exposed: bool, columns: &[&str], origins: &[(i16, u32, i16)]) -> View {
        View {
            oid,
            name: QualifiedIdentifier::new("api", format!("v{oid}")),
            is_exposed,
            columns: columns.iter().map(|c| (*c).to_owned()).collect(),
            origins: origins
                .iter()
                .map(|&(number, relation, column)| ColumnOrigin {
                    number,
                    relation,
                    column,
                })
                .collect(),
        }
    }

    #[test]
    fn columns_are_followed_through_hidden_views() {
        let traced = trace(&[
            view(20, true, &["a", "b", "a2"], &[(1, 10, 2), (3, 10, 2)]),
            view(10, false, &["x", "y"], &[(1, 1, 5), (2, 1, 7)]),
        ]);
        assert_eq!(traced.len(), 1);
        assert_eq!(traced[0].view.name, "v20");
        assert_eq!(
            traced[0].key(1, &[7]),
            Some(vec![&["a".to_owned(), "a2".to_owned()][..]])
        );
        assert!(traced[0].key(10, &[2]).is_some());
        assert_eq!(traced[0].key(1, &[7, 5]), None);
    }

    #[test]
    fn views_in_a_circle_end() {
        let traced = trace(&[
            view(1, true, &["a"], &[(1, 2, 1)]),
            view(2, true, &["b"], &[(1, 1, 1)]),
        ]);
        assert_eq!(traced[0].key(2, &[1]), Some(vec![&["a".to_owned()][..]]));
        assert_eq!(traced[0].key(1, &[1]), None);
    }
}
