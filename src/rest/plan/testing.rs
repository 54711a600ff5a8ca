//! A small schema cache and a builder of requests, for the tests of this stage.
//!
//! The relations are those of the documentation: clients have projects, projects have tasks, users
//! share tasks through `users_tasks`, organizations refer to one another.

use indexmap::IndexMap;

use crate::config::RestConfig;
use crate::error::Error;
use crate::pg::ident::QualifiedIdentifier;
use crate::rest::api_request::filter::{
    Condition, Filter, FtsOperator, IsValue, Operation, QuantifiableOperator,
};
use crate::rest::api_request::logic::{LogicOperator, LogicTree};
use crate::rest::api_request::media_type::MediaType;
use crate::rest::api_request::order::OrderTerm;
use crate::rest::api_request::payload::Payload;
use crate::rest::api_request::preferences::{Preferences, Resolution};
use crate::rest::api_request::query_params::QueryParams;
use crate::rest::api_request::range::RowRange;
use crate::rest::api_request::select::{
    AggregateFunction, Field, JoinType, JsonOperand, JsonStep, SelectItem,
};
use crate::rest::api_request::{Action, ApiRequest, Invocation, Mutation};
use crate::schema_cache::SchemaCache;
use crate::schema_cache::media_handler::{HandlerTarget, MediaHandler, MediaHandlers};
use crate::schema_cache::relationship::{Cardinality, Junction, Relationship};
use crate::schema_cache::representation::{Representation, Representations};
use crate::schema_cache::routine::{PgType, ReturnType, Routine, RoutineParam, Volatility};
use crate::schema_cache::table::{Column, Table};

use super::types::{
    ActionPlan, CoercibleFilter, CoercibleLogicTree, CoercibleSelectField, MutatePlan, ReadPlan,
};
use super::{Context, action_plan, mutate, read};

/// `schema.name` in the schema of all tests.
pub fn test(name: &str) -> QualifiedIdentifier {
    QualifiedIdentifier::new("test", name)
}

/// A request with what it is planned against.
#[derive(Clone)]
pub struct Given {
    pub request: ApiRequest,
    pub cache: SchemaCache,
    pub config: RestConfig,
    pub root: QualifiedIdentifier,
}

impl Given {
    /// GET of a relation of [`schema_cache`], everything selected.
    pub fn read(relation: &str) -> Self {
        let relation = test(relation);
        let action = Action::RelationRead {
            relation: relation.clone(),
            headers_only: false,
        };
        Self {
            request: request(action),
            cache: schema_cache(),
            config: RestConfig::default(),
            root: relation,
        }
    }

    /// Call of a routine, which is added to the cache.
    pub fn call(routine: Routine, invocation: Invocation) -> Self {
        let mut given = Self::read(&routine.name);
        given.request.action = Action::RoutineCall {
            routine: given.root.clone(),
            invocation,
        };
        let overloads = given.cache.routines.entry(given.root.clone());
        overloads.or_default().push(routine);
        given
    }

    pub fn mutate(mut self, mutation: Mutation) -> Self {
        self.request.action = Action::RelationMutate {
            relation: self.root.clone(),
            mutation,
        };
        self
    }

    pub fn select(mut self, select: Vec<SelectItem>) -> Self {
        self.request.query.select = select;
        self
    }

    /// `path.column=filter`.
    pub fn filter(mut self, path: &[&str], column: &str, filter: &str) -> Self {
        let filter = Filter {
            field: path_of(column),
            condition: condition(filter),
        };
        let query = &mut self.request.query;
        query.filters.push((owned(path), filter.clone()));
        if path.is_empty() {
            query.filter_fields.insert(filter.field.name.clone());
            query.root_filters.push(filter);
        } else {
            query.embed_filters.push((owned(path), filter));
        }
        self
    }

    /// `path.or=(a.eq.1,b.eq.1)`.
    pub fn any_of(self, path: &[&str], columns: &[&str]) -> Self {
        self.any(path, columns, "eq.1")
    }

    /// `path.or=(a.is.null,b.is.null)`.
    pub fn any_null(self, path: &[&str], columns: &[&str]) -> Self {
        self.any(path, columns, "is.null")
    }

    fn any(mut self, path: &[&str], columns: &[&str], filter: &str) -> Self {
        let leaf = |column: &&str| {
            LogicTree::Statement(Filter {
                field: path_of(column),
                condition: condition(filter),
            })
        };
        let tree = LogicTree::Expression {
            negated: false,
            operator: LogicOperator::Or,
            branches: columns.iter().map(leaf).collect(),
        };
        self.request.query.logic.push((owned(path), tree));
        self
    }

    /// `path.order=a,relation(b)`.
    pub fn order(mut self, path: &[&str], terms: &[&str]) -> Self {
        let term = |term: &&str| {
            let (relation, column) = match term.trim_end_matches(')').split_once('(') {
                Some((relation, column)) => (Some(relation.to_owned()), column),
                None => (None, *term),
            };
            OrderTerm {
                relation,
                field: path_of(column),
                direction: None,
                nulls: None,
            }
        };
        let terms = terms.iter().map(term).collect();
        self.request.query.order.push((owned(path), terms));
        self
    }

    pub fn limit(mut self, path: &[&str], limit: u64) -> Self {
        let range = RowRange {
            offset: 0,
            limit: Some(limit),
        };
        if path.is_empty() {
            self.request.top_level_range = range;
        }
        self.request.query.ranges.insert(owned(path), range);
        self
    }

    /// JSON payload with its keys.
    pub fn json(mut self, text: &'static str, columns: &[&str]) -> Self {
        self.request.payload = Some(Payload::Json {
            raw: text.into(),
            is_object: text.starts_with('{'),
        });
        self.request.columns = owned(columns).into_iter().collect();
        self
    }

    pub fn resolution(mut self, resolution: Resolution) -> Self {
        self.request.preferences.resolution = Some(resolution);
        self
    }

    /// Arguments of a call in the query string.
    pub fn args(mut self, args: &[(&str, &str)]) -> Self {
        let args = args.iter().map(|(n, v)| ((*n).into(), (*v).into()));
        self.request.query.rpc_params = args.collect();
        self
    }

    pub fn accept(mut self, accept: &[MediaType]) -> Self {
        self.request.accept = accept.to_vec();
        self
    }

    pub fn handler(mut self, target: HandlerTarget, mime: &str, handler: &MediaHandler) -> Self {
        let value = (handler.clone(), mime.to_owned());
        let handlers = &mut self.cache.media_handlers;
        handlers.insert((target, mime.to_owned()), value);
        self
    }

    pub fn aggregates(mut self) -> Self {
        self.config.aggregates_enabled = true;
        self
    }

    pub fn max_rows(mut self, rows: u64) -> Self {
        self.config.max_rows = Some(rows);
        self
    }

    fn context(&self) -> Context<'_> {
        Context {
            request: &self.request,
            cache: &self.cache,
            config: &self.config,
        }
    }

    pub fn read_plan(&self) -> Result<ReadPlan, Error> {
        read::read_plan(self.context(), &self.root)
    }

    pub fn mutate_plan(&self) -> Result<MutatePlan, Error> {
        let Action::RelationMutate { mutation, .. } = self.request.action else {
            panic!("not a write")
        };
        let (table, read) = (&self.cache.tables[&self.root], self.read_plan()?);
        mutate::mutate_plan(self.context(), &self.root, table, mutation, &read)
    }

    pub fn action_plan(&self) -> Result<ActionPlan, Error> {
        action_plan(&self.request, &self.cache, &self.config)
    }
}

fn request(action: Action) -> ApiRequest {
    ApiRequest {
        action,
        top_level_range: RowRange::ALL,
        query: QueryParams {
            select: vec![field("*")],
            ..QueryParams::default()
        },
        preferences: Preferences::default(),
        accept: vec![MediaType::Any],
        content_type: MediaType::ApplicationJson,
        schema: "test".into(),
        negotiated_by_profile: false,
        payload: None,
        columns: Default::default(),
        method: "GET".into(),
        path: "/".into(),
        headers: Vec::new(),
        cookies: Vec::new(),
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn condition(text: &str) -> Condition {
    let (negated, text) = match text.strip_prefix("not.") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (operator, value) = text.split_once('.').unwrap();
    let operation = match (operator, value) {
        ("eq", value) => Operation::Quantified(QuantifiableOperator::Eq, None, value.into()),
        ("in", value) => Operation::In(vec![value.into()]),
        ("is", "null") => Operation::Is(IsValue::Null),
        ("is", "true") => Operation::Is(IsValue::True),
        ("fts", value) => Operation::Fts(FtsOperator::Fts, None, value.into()),
        ("fts(english)", value) => {
            Operation::Fts(FtsOperator::Fts, Some("english".into()), value.into())
        }
        other => panic!("not an operation: {other:?}"),
    };
    Condition { negated, operation }
}

fn path_of(text: &str) -> Field {
    let mut steps = text.split("->");
    let name = steps.next().unwrap().to_owned();
    let step = |text: &str| {
        let (as_text, key) = match text.strip_prefix('>') {
            Some(key) => (true, key),
            None => (false, text),
        };
        let operand = match key.parse::<i64>() {
            Ok(_) => JsonOperand::Index(key.into()),
            Err(_) => JsonOperand::Key(key.into()),
        };
        JsonStep { as_text, operand }
    };
    let json_path = steps.map(step).collect();
    Field { name, json_path }
}

fn split_alias(text: &str) -> (Option<String>, &str) {
    match text.split_once(':') {
        Some((alias, rest)) => (Some(alias.into()), rest),
        None => (None, text),
    }
}

/// `alias:name->path`.
pub fn field(text: &str) -> SelectItem {
    let (alias, text) = split_alias(text);
    SelectItem::Field {
        field: path_of(text),
        aggregate: None,
        aggregate_cast: None,
        cast: None,
        alias,
    }
}

fn aggregated(name: &str, function: AggregateFunction) -> SelectItem {
    SelectItem::Field {
        field: path_of(name),
        aggregate: Some(function),
        aggregate_cast: None,
        cast: None,
        alias: None,
    }
}

/// `name.sum()`.
pub fn sum(name: &str) -> SelectItem {
    aggregated(name, AggregateFunction::Sum)
}

/// `count()`.
pub fn count() -> SelectItem {
    aggregated("*", AggregateFunction::Count)
}

/// `alias:relation!hint!inner(select)`.
pub fn embed(text: &str, select: Vec<SelectItem>) -> SelectItem {
    let (alias, text) = split_alias(text);
    let (relation, hint, join_type) = relation_of(text);
    SelectItem::Relation {
        relation,
        alias,
        hint,
        join_type,
        select,
    }
}

/// `...relation!hint!inner(select)`.
pub fn spread(text: &str, select: Vec<SelectItem>) -> SelectItem {
    let (relation, hint, join_type) = relation_of(text);
    SelectItem::Spread {
        relation,
        hint,
        join_type,
        select,
    }
}

fn relation_of(text: &str) -> (String, Option<String>, Option<JoinType>) {
    let mut parts = text.split('!');
    let relation = parts.next().unwrap().to_owned();
    let (mut hint, mut join_type) = (None, None);
    for part in parts {
        match part {
            "inner" => join_type = Some(JoinType::Inner),
            "left" => join_type = Some(JoinType::Left),
            name => hint = Some(name.to_owned()),
        }
    }
    (relation, hint, join_type)
}

/// The fields that conditions name, in order.
pub fn condition_fields(trees: &[CoercibleLogicTree]) -> Vec<String> {
    let fields = |tree: &CoercibleLogicTree| match tree {
        CoercibleLogicTree::Expression { branches, .. } => condition_fields(branches),
        CoercibleLogicTree::Statement(CoercibleFilter::Condition { field, .. }) => {
            vec![field.name.clone()]
        }
        CoercibleLogicTree::Statement(CoercibleFilter::NullEmbed {
            aggregate_alias, ..
        }) => vec![format!("null {aggregate_alias}")],
    };
    trees.iter().flat_map(fields).collect()
}

/// The names of selected fields.
pub fn names(select: &[CoercibleSelectField]) -> Vec<&str> {
    select.iter().map(|item| &*item.field.name).collect()
}

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
        let overloads = cache.routines.entry(test(&routine.name));
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
            .collect::<IndexMap<_, _>>(),
    }
}

fn pairs(own: &str, other: &str) -> Vec<(String, String)> {
    vec![(own.into(), other.into())]
}

/// Adds a relationship to a cache.
pub fn relate(cache: &mut SchemaCache, relationship: Relationship) {
    let key = (relationship.table().clone(), "test".to_owned());
    cache
        .relationships
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
        cache.tables.insert(test(&table.name), table);
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
