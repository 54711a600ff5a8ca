//! Relationships between relations, from what the catalogue queries loaded. Pure.
//!
//! Comes in: foreign keys of all schemas, the columns that views show, computed relationships. Goes out:
//! the relationships of the exposed schemas, by source and target schema. The passes, in order: foreign
//! keys; the same for views; many-to-many through junctions; the inverse of each; computed relationships,
//! which replace detected ones; and what an internal schema would reveal is dropped.
//! Source: <https://docs.postgrest.org/en/stable/references/api/resource_embedding.html>.

use std::collections::{HashMap, HashSet};

use super::relationship::{Cardinality, ColumnPairs, Junction, Relationship};
use super::table::Table;
use super::view_keys::ViewColumns;
use crate::pg::ident::QualifiedIdentifier;

/// Relationships by source and schema of the target.
pub type Relationships = HashMap<(QualifiedIdentifier, String), Vec<Relationship>>;

/// Relations by name.
pub type Tables = HashMap<QualifiedIdentifier, Table>;

/// A foreign key constraint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignKey {
    pub constraint: String,
    pub relation_oid: u32,
    pub relation: QualifiedIdentifier,
    pub column_numbers: Vec<i16>,
    pub foreign_oid: u32,
    pub foreign_relation: QualifiedIdentifier,
    pub foreign_column_numbers: Vec<i16>,
    /// (referencing column, referenced column).
    pub columns: ColumnPairs,
    /// The referencing columns are a primary key or unique: one-to-one.
    pub is_unique: bool,
}

/// A primary key constraint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrimaryKey {
    pub relation_oid: u32,
    pub column_numbers: Vec<i16>,
}

/// What relationships are made of.
#[derive(Debug, Clone, Copy)]
pub struct Parts<'a> {
    /// Exposed schemas.
    pub schemas: &'a [String],
    /// Relations of the exposed schemas, primary keys of views included.
    pub tables: &'a Tables,
    pub foreign_keys: &'a [ForeignKey],
    pub views: &'a [ViewColumns],
    /// [`Relationship::Computed`] only.
    pub computed: &'a [Relationship],
}

/// Gives each view the primary keys of the tables whose primary key it shows in full; of a column
/// that is shown more than once the first name counts.
pub fn add_view_primary_keys(tables: &mut Tables, keys: &[PrimaryKey], views: &[ViewColumns]) {
    for view in views {
        let Some(table) = tables.get_mut(&view.view) else {
            continue;
        };
        for key in keys {
            let shown = view.key(key.relation_oid, &key.column_numbers);
            for name in shown.into_iter().flatten().filter_map(<[String]>::first) {
                if !table.primary_key.contains(name) {
                    table.primary_key.push(name.clone());
                }
            }
        }
    }
}

/// All relationships whose two ends (and junction) are in exposed schemas, each list sorted.
pub fn relationships(parts: Parts<'_>) -> Relationships {
    let mut direct: Vec<Relationship> = parts.foreign_keys.iter().map(table_relationship).collect();
    for key in parts.foreign_keys {
        direct.extend(view_relationships(key, parts.views));
    }
    let junctions = many_to_many(&direct, parts.tables);
    let inverses: Vec<Relationship> = direct.iter().filter_map(inverse).collect();
    let detected = direct.into_iter().chain(junctions).chain(inverses);
    expose(
        by_source(override_with_computed(detected, parts.computed)),
        parts.schemas,
    )
}

fn table_relationship(key: &ForeignKey) -> Relationship {
    Relationship::ForeignKey {
        table: key.relation.clone(),
        foreign_table: key.foreign_relation.clone(),
        is_self: key.relation_oid == key.foreign_oid,
        cardinality: cardinality(key, key.columns.clone()),
        table_is_view: false,
        foreign_table_is_view: false,
    }
}

fn cardinality(key: &ForeignKey, columns: ColumnPairs) -> Cardinality {
    let constraint = key.constraint.clone();
    if key.is_unique {
        Cardinality::OneToOne {
            constraint,
            columns,
            is_parent: false,
        }
    } else {
        Cardinality::ManyToOne {
            constraint,
            columns,
        }
    }
}

/// The foreign key as seen from views of its table to the referenced table, from its table to views of
/// the referenced table, and between views. A view that shows a column twice gets a relationship for each.
fn view_relationships(key: &ForeignKey, views: &[ViewColumns]) -> Vec<Relationship> {
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

/// The same foreign key or junction from the other end; `None` for computed relationships.
pub fn inverse(relationship: &Relationship) -> Option<Relationship> {
    let Relationship::ForeignKey {
        table,
        foreign_table,
        is_self,
        cardinality,
        table_is_view,
        foreign_table_is_view,
    } = relationship
    else {
        return None;
    };
    let swap = |columns: &ColumnPairs| -> ColumnPairs {
        columns
            .iter()
            .map(|(a, b)| (b.clone(), a.clone()))
            .collect()
    };
    let cardinality = match cardinality {
        Cardinality::OneToMany {
            constraint,
            columns,
        } => Cardinality::ManyToOne {
            constraint: constraint.clone(),
            columns: swap(columns),
        },
        Cardinality::ManyToOne {
            constraint,
            columns,
        } => Cardinality::OneToMany {
            constraint: constraint.clone(),
            columns: swap(columns),
        },
        Cardinality::OneToOne {
            constraint,
            columns,
            is_parent,
        } => Cardinality::OneToOne {
            constraint: constraint.clone(),
            columns: swap(columns),
            is_parent: !is_parent,
        },
        Cardinality::ManyToMany(junction) => Cardinality::ManyToMany(Junction {
            table: junction.table.clone(),
            constraint_source: junction.constraint_target.clone(),
            constraint_target: junction.constraint_source.clone(),
            columns_source: junction.columns_target.clone(),
            columns_target: junction.columns_source.clone(),
        }),
    };
    Some(Relationship::ForeignKey {
        table: foreign_table.clone(),
        foreign_table: table.clone(),
        is_self: *is_self,
        cardinality,
        table_is_view: *foreign_table_is_view,
        foreign_table_is_view: *table_is_view,
    })
}

/// A many-to-one relationship, taken apart.
struct Reference<'a> {
    junction: &'a QualifiedIdentifier,
    constraint: &'a str,
    columns: &'a ColumnPairs,
    target: &'a QualifiedIdentifier,
    target_is_view: bool,
}

/// Many-to-many relationships, both directions: a relation is a junction of two others when it references
/// both by different foreign keys whose columns are all part of its primary key.
fn many_to_many(direct: &[Relationship], tables: &Tables) -> Vec<Relationship> {
    let mut by_junction: HashMap<&QualifiedIdentifier, Vec<Reference<'_>>> = HashMap::new();
    for relationship in direct {
        let Relationship::ForeignKey {
            table,
            foreign_table,
            cardinality:
                Cardinality::ManyToOne {
                    constraint,
                    columns,
                },
            foreign_table_is_view,
            ..
        } = relationship
        else {
            continue;
        };
        let Some(junction) = tables.get(table) else {
            continue;
        };
        let primary_key = &junction.primary_key;
        if columns
            .iter()
            .all(|(column, _)| primary_key.contains(column))
        {
            by_junction.entry(table).or_default().push(Reference {
                junction: table,
                constraint,
                columns,
                target: foreign_table,
                target_is_view: *foreign_table_is_view,
            });
        }
    }
    by_junction
        .values()
        .flat_map(|references| {
            references.iter().flat_map(|source| {
                references
                    .iter()
                    .filter(|target| target.constraint != source.constraint)
                    .map(|target| through_junction(source, target))
            })
        })
        .collect()
}

fn through_junction(source: &Reference<'_>, target: &Reference<'_>) -> Relationship {
    let from_end = |columns: &ColumnPairs| -> ColumnPairs {
        columns
            .iter()
            .map(|(junction, end)| (end.clone(), junction.clone()))
            .collect()
    };
    Relationship::ForeignKey {
        table: source.target.clone(),
        foreign_table: target.target.clone(),
        is_self: source.target == target.target,
        cardinality: Cardinality::ManyToMany(Junction {
            table: source.junction.clone(),
            constraint_source: source.constraint.to_owned(),
            constraint_target: target.constraint.to_owned(),
            columns_source: from_end(source.columns),
            columns_target: from_end(target.columns),
        }),
        table_is_view: source.target_is_view,
        foreign_table_is_view: target.target_is_view,
    }
}

/// A computed relationship replaces the detected ones between its source and a relation that is named as
/// its function.
fn override_with_computed(
    detected: impl Iterator<Item = Relationship>,
    computed: &[Relationship],
) -> Vec<Relationship> {
    let overridden: HashSet<(&QualifiedIdentifier, &QualifiedIdentifier)> = computed
        .iter()
        .filter_map(|relationship| match relationship {
            Relationship::Computed {
                table, function, ..
            } => Some((table, function)),
            Relationship::ForeignKey { .. } => None,
        })
        .collect();
    detected
        .filter(|r| !overridden.contains(&(r.table(), r.foreign_table())))
        .chain(computed.iter().cloned())
        .collect()
}

/// Drops what the exposed schemas may not show. A source keeps its (empty) list when all that it had led
/// through hidden junctions: hints tell it from a source without relationships.
fn expose(mut relationships: Relationships, schemas: &[String]) -> Relationships {
    let exposed: HashSet<&str> = schemas.iter().map(String::as_str).collect();
    let is_exposed = |qi: &QualifiedIdentifier| exposed.contains(qi.schema.as_str());
    relationships.retain(|(source, target_schema), _| {
        is_exposed(source) && exposed.contains(target_schema.as_str())
    });
    for list in relationships.values_mut() {
        list.retain(|relationship| match relationship {
            Relationship::ForeignKey {
                cardinality: Cardinality::ManyToMany(junction),
                ..
            } => is_exposed(&junction.table),
            _ => true,
        });
    }
    relationships
}

fn by_source(relationships: Vec<Relationship>) -> Relationships {
    let mut map = Relationships::new();
    for relationship in relationships {
        let key = (
            relationship.table().clone(),
            relationship.foreign_table().schema.clone(),
        );
        map.entry(key).or_default().push(relationship);
    }
    for list in map.values_mut() {
        list.sort_unstable();
    }
    map
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema_cache::node_tree::ColumnOrigin;
    use crate::schema_cache::view_keys::{View, trace};
    use proptest::prelude::*;

    fn qi(name: &str) -> QualifiedIdentifier {
        QualifiedIdentifier::parse(name)
    }

    fn pairs(columns: &[(&str, &str)]) -> ColumnPairs {
        columns
            .iter()
            .map(|(a, b)| ((*a).into(), (*b).into()))
            .collect()
    }

    fn table(name: &str, primary_key: &[&str]) -> (QualifiedIdentifier, Table) {
        let name = qi(name);
        let table = Table {
            schema: name.schema.clone(),
            name: name.name.clone(),
            description: None,
            is_view: false,
            insertable: true,
            updatable: true,
            deletable: true,
            primary_key: primary_key.iter().map(|c| (*c).into()).collect(),
            columns: indexmap::IndexMap::new(),
        };
        (name, table)
    }

    /// `from.column -> to.id`; column numbers are those of the small tables below.
    fn foreign_key(
        constraint: &str,
        (from_oid, from, column, number): (u32, &str, &str, i16),
        (to_oid, to): (u32, &str),
    ) -> ForeignKey {
        ForeignKey {
            constraint: constraint.into(),
            relation_oid: from_oid,
            relation: qi(from),
            column_numbers: vec![number],
            foreign_oid: to_oid,
            foreign_relation: qi(to),
            foreign_column_numbers: vec![1],
            columns: pairs(&[(column, "id")]),
            is_unique: false,
        }
    }

    /// films (1) <- roles (3) -> actors (2), the primary key of roles being its two foreign keys.
    fn film_keys(junction: &str) -> Vec<ForeignKey> {
        vec![
            foreign_key(
                "roles_film_fkey",
                (3, junction, "film_id", 1),
                (1, "api.films"),
            ),
            foreign_key(
                "roles_actor_fkey",
                (3, junction, "actor_id", 2),
                (2, "api.actors"),
            ),
        ]
    }

    fn film_tables(junction_key: &[&str]) -> Tables {
        [
            table("api.films", &["id"]),
            table("api.actors", &["id"]),
            table("api.roles", junction_key),
        ]
        .into()
    }

    fn relate(
        keys: &[ForeignKey],
        tables: &Tables,
        views: &[ViewColumns],
        computed: &[Relationship],
    ) -> Relationships {
        relationships(Parts {
            schemas: &["api".to_owned()],
            tables,
            foreign_keys: keys,
            views,
            computed,
        })
    }

    fn from<'a>(all: &'a Relationships, source: &str) -> &'a [Relationship] {
        all.get(&(qi(source), "api".into()))
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    fn cardinality_of(relationship: &Relationship) -> &Cardinality {
        match relationship {
            Relationship::ForeignKey { cardinality, .. } => cardinality,
            Relationship::Computed { .. } => panic!("computed: {relationship:?}"),
        }
    }

    #[test]
    fn a_junction_relates_both_ends() {
        let tables = film_tables(&["actor_id", "film_id"]);
        let all = relate(&film_keys("api.roles"), &tables, &[], &[]);
        assert_eq!(from(&all, "api.roles").len(), 2);
        let films = from(&all, "api.films");
        assert_eq!(films.len(), 2);
        assert_eq!(films[0].foreign_table(), &qi("api.actors"));
        assert_eq!(
            cardinality_of(&films[0]),
            &Cardinality::ManyToMany(Junction {
                table: qi("api.roles"),
                constraint_source: "roles_film_fkey".into(),
                constraint_target: "roles_actor_fkey".into(),
                columns_source: pairs(&[("id", "film_id")]),
                columns_target: pairs(&[("id", "actor_id")]),
            })
        );
        assert_eq!(
            cardinality_of(&films[1]),
            &Cardinality::OneToMany {
                constraint: "roles_film_fkey".into(),
                columns: pairs(&[("id", "film_id")]),
            }
        );
    }

    #[test]
    fn a_junction_needs_both_keys_in_its_primary_key() {
        let tables = film_tables(&["id", "film_id"]);
        let all = relate(&film_keys("api.roles"), &tables, &[], &[]);
        assert_eq!(from(&all, "api.films").len(), 1);
    }

    #[test]
    fn a_hidden_junction_relates_nothing() {
        let all = relate(&film_keys("private.roles"), &film_tables(&[]), &[], &[]);
        assert!(from(&all, "api.films").is_empty());
        assert!(all.keys().all(|(source, _)| source.schema == "api"));
    }

    #[test]
    fn a_unique_foreign_key_is_one_to_one_from_both_sides() {
        let mut keys = vec![foreign_key(
            "fk",
            (3, "api.capitals", "country_id", 2),
            (1, "api.countries"),
        )];
        keys[0].is_unique = true;
        let all = relate(&keys, &Tables::new(), &[], &[]);
        let is_parent = |source: &str| match cardinality_of(&from(&all, source)[0]) {
            Cardinality::OneToOne { is_parent, .. } => Some(*is_parent),
            _ => None,
        };
        assert_eq!(is_parent("api.capitals"), Some(false));
        assert_eq!(is_parent("api.countries"), Some(true));
    }

    fn view(oid: u32, name: &str, shown: &[(&str, u32, i16)]) -> View {
        View {
            oid,
            name: qi(name),
            is_exposed: true,
            columns: shown.iter().map(|(name, _, _)| (*name).into()).collect(),
            origins: (1..)
                .zip(shown)
                .map(|(number, &(_, relation, column))| ColumnOrigin {
                    number,
                    relation,
                    column,
                })
                .collect(),
        }
    }

    #[test]
    fn a_view_of_hidden_tables_inherits_their_relationships() {
        let keys = [foreign_key(
            "fk",
            (3, "private.tasks", "project_id", 2),
            (1, "private.projects"),
        )];
        let views = trace(&[
            view(30, "api.tasks", &[("p1", 3, 2), ("p2", 3, 2)]),
            view(10, "api.projects", &[("key", 1, 1)]),
        ]);
        let all = relate(&keys, &Tables::new(), &views, &[]);
        let columns: Vec<_> = from(&all, "api.tasks")
            .iter()
            .map(|r| match cardinality_of(r) {
                Cardinality::ManyToOne { columns, .. } => columns.clone(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(
            columns,
            vec![pairs(&[("p1", "key")]), pairs(&[("p2", "key")])]
        );
        assert_eq!(from(&all, "api.projects").len(), 2);
        assert_eq!(all.len(), 2);
    }

    #[test]
    fn a_view_has_the_primary_keys_that_it_shows_in_full() {
        let mut tables: Tables = [table("api.v", &[]), table("api.w", &[])].into();
        let views = trace(&[
            view(
                10,
                "api.v",
                &[("id", 1, 1), ("again", 1, 1), ("half", 2, 1)],
            ),
            view(11, "api.w", &[("b", 2, 2), ("a", 2, 1)]),
        ]);
        let keys =
            [(1, vec![1]), (2, vec![1, 2])].map(|(relation_oid, column_numbers)| PrimaryKey {
                relation_oid,
                column_numbers,
            });
        add_view_primary_keys(&mut tables, &keys, &views);
        assert_eq!(tables[&qi("api.v")].primary_key, ["id"]);
        assert_eq!(tables[&qi("api.w")].primary_key, ["a", "b"]);
    }

    #[test]
    fn a_computed_relationship_replaces_the_detected_one_of_its_name() {
        let keys = [
            foreign_key(
                "fk1",
                (3, "api.games", "designer_id", 2),
                (1, "api.designers"),
            ),
            foreign_key("fk2", (3, "api.games", "studio_id", 3), (2, "api.studios")),
        ];
        let computed = Relationship::Computed {
            function: qi("api.designers"),
            table: qi("api.games"),
            foreign_table: qi("api.people"),
            table_alias: QualifiedIdentifier::unqualified(""),
            is_to_one: true,
            is_self: false,
        };
        let all = relate(&keys, &Tables::new(), &[], std::slice::from_ref(&computed));
        let games = from(&all, "api.games");
        assert_eq!(games.len(), 2);
        assert_eq!(games[0].foreign_table(), &qi("api.studios"));
        assert_eq!(games[1], computed);
        assert_eq!(inverse(&computed), None);
    }

    fn any_pairs() -> impl Strategy<Value = ColumnPairs> {
        prop::collection::vec(("[a-c]", "[a-c]"), 1..3)
    }

    fn any_cardinality() -> impl Strategy<Value = Cardinality> {
        let junction = ("[j-k]", "[p-q]", "[r-s]", any_pairs(), any_pairs()).prop_map(
            |(table, source, target, columns_source, columns_target)| {
                Cardinality::ManyToMany(Junction {
                    table: QualifiedIdentifier::new("api", table),
                    constraint_source: source,
                    constraint_target: target,
                    columns_source,
                    columns_target,
                })
            },
        );
        let key =
            ("[p-q]", any_pairs(), 0..4_u8).prop_map(|(constraint, columns, kind)| match kind {
                0 => Cardinality::OneToMany {
                    constraint,
                    columns,
                },
                1 => Cardinality::ManyToOne {
                    constraint,
                    columns,
                },
                kind => Cardinality::OneToOne {
                    constraint,
                    columns,
                    is_parent: kind == 2,
                },
            });
        prop_oneof![junction, key]
    }

    fn any_keys() -> impl Strategy<Value = Vec<ForeignKey>> {
        let key = (1..5_u32, 1..4_i16, 1..5_u32, any::<bool>());
        prop::collection::vec(key, 0..8).prop_map(|keys| {
            let keys = keys.into_iter().enumerate();
            keys.map(|(i, (from, number, to, is_unique))| ForeignKey {
                is_unique,
                ..foreign_key(
                    &format!("fk{i}"),
                    (from, &format!("api.t{from}"), &format!("c{number}"), number),
                    (to, &format!("api.t{to}")),
                )
            })
            .collect()
        })
    }

    proptest! {
        #[test]
        fn the_inverse_of_the_inverse_is_the_relationship(
            cardinality in any_cardinality(), source in "[t-v]", target in "[t-v]", views: (bool, bool),
        ) {
            let relationship = Relationship::ForeignKey {
                is_self: source == target,
                table: QualifiedIdentifier::new("api", source),
                foreign_table: QualifiedIdentifier::new("api", target),
                cardinality,
                table_is_view: views.0,
                foreign_table_is_view: views.1,
            };
            let inverted = inverse(&relationship).expect("a foreign key has an inverse");
            prop_assert_eq!(inverted.table(), relationship.foreign_table());
            prop_assert_eq!(inverse(&inverted), Some(relationship));
        }

        #[test]
        fn every_relationship_can_be_walked_back(keys in any_keys()) {
            let tables: Tables = (1..5)
                .map(|i| table(&format!("api.t{i}"), &["c1", "c2"]))
                .collect();
            let views = trace(&[view(90, "api.v", &[("id", 1, 1), ("x", 2, 2)])]);
            let all = relate(&keys, &tables, &views, &[]);
            for relationship in all.values().flatten() {
                let back = inverse(relationship).expect("a foreign key has an inverse");
                let key = (back.table().clone(), "api".to_owned());
                prop_assert!(all.get(&key).is_some_and(|list| list.contains(&back)));
            }
        }
    }
}
