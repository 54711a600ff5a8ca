//! The schema cache that requests of the tests are planned against.
//!
//! The relations are those of the documentation: clients have projects, projects have tasks, users
//! share tasks through `users_tasks`, organizations refer to one another.

use std::sync::Arc;

use crate::pg::ident::QualifiedIdentifier;
use crate::schema_cache::SchemaCache;
use crate::schema_cache::media_handler::{HandlerTarget, MediaHandler, MediaHandlers};
use crate::schema_cache::relationship::{Cardinality, Junction, Relationship};
use crate::schema_cache::representation::{Representation, Representations};
use crate::schema_cache::routine::{PgType, ReturnType, Routine, RoutineParam, Volatility};
use crate::schema_cache::table::{Column, Table};

use super::{owned, test};

/// A volatile function that returns an integer; parameters are `name:type`, optional with `?`.
pub fn routine(name: &str, params: &[&str]) -> Routine {
    let param = |text: &&str| {
        let (name, data_type) = text.split_once(':').unwrap();
        let required = !data_type.ends_with('?');
        let data_type = data_type.trim_end_matches('?');
        RoutineParam {
            name: name.into(),
            data_type: data_type.into(),
            cast_type: data_type.into(),
            required,
            variadic: false,
        }
    };
    Routine {
        schema: "test".into(),
        name: name.into(),
        description: None,
        params: params.iter().map(param).collect(),
        return_type: ReturnType::Single(PgType::Scalar(QualifiedIdentifier::new(
            "pg_catalog",
            "int4",
        ))),
        volatility: Volatility::Volatile,
        has_variadic: false,
        isolation_level: None,
        settings: Vec::new(),
    }
}

/// A function with one variadic parameter.
pub fn variadic(name: &str, param: &str) -> Routine {
    let mut routine = routine(name, &[&format!("{param}:text[]")]);
    routine.has_variadic = true;
    routine.params[0].variadic = true;
    routine
}

/// A cache of routines alone.
pub fn cache_with(routines: Vec<Routine>) -> SchemaCache {
    let mut cache = SchemaCache::default();
    for routine in routines {
        let overloads = Arc::make_mut(&mut cache.routines).entry(test(&routine.name));
        overloads.or_default().push(routine);
    }
    cache
}

fn column(text: &str) -> Column {
    let (name, nominal_type) = text.split_once(' ').unwrap();
    let data_type = match nominal_type {
        "test.color" => "integer",
        other => other,
    };
    Column {
        name: name.into(),
        description: None,
        nullable: true,
        data_type: data_type.into(),
        nominal_type: nominal_type.into(),
        max_length: None,
        default: None,
        enum_values: Vec::new(),
    }
}

fn table(name: &str, primary_key: &[&str], columns: &[&str]) -> Table {
    let columns = columns.iter().map(|text| column(text));
    Table {
        schema: "test".into(),
        name: name.into(),
        description: None,
        is_view: false,
        insertable: true,
        updatable: true,
        deletable: true,
        primary_key: owned(primary_key),
        columns: columns
            .map(|column| (column.name.clone(), column))
            .collect(),
    }
}

fn pairs(own: &str, other: &str) -> Vec<(String, String)> {
    vec![(own.into(), other.into())]
}

/// Adds a relationship to a cache.
pub fn relate(cache: &mut SchemaCache, relationship: Relationship) {
    let table = relationship.table().clone();
    let key = (table.clone(), table.schema);
    Arc::make_mut(&mut cache.relationships)
        .entry(key)
        .or_default()
        .push(relationship);
}

/// A relationship by foreign key between two tables.
pub fn by_key(table: &str, foreign_table: &str, cardinality: Cardinality) -> Relationship {
    Relationship::ForeignKey {
        table: test(table),
        foreign_table: test(foreign_table),
        is_self: table == foreign_table,
        cardinality,
        table_is_view: false,
        foreign_table_is_view: false,
    }
}

/// `table.column` refers to `foreign_table.id`: both directions.
fn foreign_key(cache: &mut SchemaCache, constraint: &str, table: &str, column: &str, to: &str) {
    let many_to_one = Cardinality::ManyToOne {
        constraint: constraint.into(),
        columns: pairs(column, "id"),
    };
    let one_to_many = Cardinality::OneToMany {
        constraint: constraint.into(),
        columns: pairs("id", column),
    };
    relate(cache, by_key(table, to, many_to_one));
    relate(cache, by_key(to, table, one_to_many));
}

/// A junction whose columns refer to `id` of either side.
fn junction(cache: &mut SchemaCache, name: &str, source: (&str, &str), target: (&str, &str)) {
    for (from, to) in [(source, target), (target, source)] {
        let cardinality = Cardinality::ManyToMany(Junction {
            table: test(name),
            constraint_source: format!("{name}_{}_fkey", from.1),
            constraint_target: format!("{name}_{}_fkey", to.1),
            columns_source: pairs("id", from.1),
            columns_target: pairs("id", to.1),
        });
        relate(cache, by_key(from.0, to.0, cardinality));
    }
}

fn representations() -> Representations {
    let of = |source: &str, target: &str, function: &str| {
        let representation = Representation {
            source_type: source.into(),
            target_type: target.into(),
            function: function.into(),
        };
        ((source.into(), target.into()), representation)
    };
    Representations::from([
        of("test.color", "json", "color_to_json"),
        of("json", "test.color", "color_from_json"),
        of("text", "test.color", "color_from_text"),
    ])
}

fn builtin_handlers() -> MediaHandlers {
    let of = |mime: &str, handler: MediaHandler, resolved: &str| {
        let key = (HandlerTarget::AnyElement, mime.to_owned());
        (key, (handler, resolved.to_owned()))
    };
    MediaHandlers::from([
        of("*/*", MediaHandler::Json, "application/json"),
        of("application/json", MediaHandler::Json, "application/json"),
        of("text/csv", MediaHandler::Csv, "text/csv"),
        of(
            "application/geo+json",
            MediaHandler::GeoJson,
            "application/geo+json",
        ),
    ])
}

/// The schema cache of [`Given`].
pub fn schema_cache() -> SchemaCache {
    let mut cache = SchemaCache {
        representations: representations(),
        media_handlers: builtin_handlers(),
        ..SchemaCache::default()
    };
    for table in [
        table("clients", &["id"], &["id integer", "name text"]),
        table("deals", &["id"], &["id integer", "name text", "stage text"]),
        table(
            "projects",
            &["id"],
            &["id integer", "name text", "client_id integer"],
        ),
        table(
            "tasks",
            &["id"],
            &["id integer", "name text", "project_id integer"],
        ),
        table("users", &["id"], &["id integer", "name text"]),
        table(
            "users_tasks",
            &["task_id", "user_id"],
            &["user_id integer", "task_id integer"],
        ),
        table(
            "organizations",
            &["id"],
            &["id integer", "parent integer", "auditor integer"],
        ),
        table("sites", &["id"], &["id integer", "main_project_id integer"]),
        table("big_projects", &["id"], &["id integer"]),
        table(
            "docs",
            &[],
            &[
                "id integer",
                "body text",
                "vector tsvector",
                "data jsonb",
                "tags text[]",
                "color test.color",
            ],
        ),
    ] {
        Arc::make_mut(&mut cache.tables).insert(test(&table.name), Arc::new(table));
    }
    for (constraint, table, column, to) in [
        (
            "projects_client_id_fkey",
            "projects",
            "client_id",
            "clients",
        ),
        ("tasks_project_id_fkey", "tasks", "project_id", "projects"),
        ("tasks_doc_id_fkey", "tasks", "doc_id", "docs"),
        (
            "organizations_parent_fkey",
            "organizations",
            "parent",
            "organizations",
        ),
        (
            "organizations_auditor_fkey",
            "organizations",
            "auditor",
            "organizations",
        ),
        ("main_project", "sites", "main_project_id", "big_projects"),
    ] {
        foreign_key(&mut cache, constraint, table, column, to);
    }
    junction(
        &mut cache,
        "users_tasks",
        ("users", "user_id"),
        ("tasks", "task_id"),
    );
    junction(
        &mut cache,
        "jobs",
        ("sites", "site_id"),
        ("big_projects", "big_project_id"),
    );
    let computed = Relationship::Computed {
        function: test("computed_tasks"),
        table: test("users"),
        foreign_table: test("tasks"),
        table_alias: QualifiedIdentifier::unqualified(""),
        is_to_one: false,
        is_self: false,
    };
    relate(&mut cache, computed);
    cache
}
