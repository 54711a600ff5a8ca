//! Tests of the passes on small hand-made catalogues, and laws that hold for any.

use super::*;
use crate::schema_cache::node_tree::ColumnOrigin;
use crate::schema_cache::relationship::Junction;
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

fn table(name: &str, primary_key: &[&str]) -> (QualifiedIdentifier, Arc<Table>) {
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
    (name, Arc::new(table))
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
        primary_keys: &[],
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

fn cardinality_of(relationship: &Relationship) -> Option<&Cardinality> {
    match relationship {
        Relationship::ForeignKey { cardinality, .. } => Some(cardinality),
        Relationship::Computed { .. } => None,
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
        Some(&Cardinality::ManyToMany(Junction {
            table: qi("api.roles"),
            constraint_source: "roles_film_fkey".into(),
            constraint_target: "roles_actor_fkey".into(),
            columns_source: pairs(&[("id", "film_id")]),
            columns_target: pairs(&[("id", "actor_id")]),
        }))
    );
    assert_eq!(
        cardinality_of(&films[1]),
        Some(&Cardinality::OneToMany {
            constraint: "roles_film_fkey".into(),
            columns: pairs(&[("id", "film_id")]),
        })
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
        Some(Cardinality::OneToOne { is_parent, .. }) => Some(*is_parent),
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
        .filter_map(|r| match cardinality_of(r) {
            Some(Cardinality::ManyToOne { columns, .. }) => Some(columns.clone()),
            _ => None,
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
    let keys = [(1, vec![1]), (2, vec![1, 2])].map(|(relation_oid, column_numbers)| PrimaryKey {
        relation_oid,
        relation: qi("internal.t"),
        column_numbers,
        columns: Vec::new(),
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
    let key = ("[p-q]", any_pairs(), 0..4_u8).prop_map(|(constraint, columns, kind)| match kind {
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
