//! A builder of requests and, in [`catalogue`], a small schema cache, for the tests of this stage.

mod catalogue;

pub use catalogue::{by_key, cache_with, relate, routine, schema_cache, variadic};

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
use crate::schema_cache::media_handler::{HandlerTarget, MediaHandler};
use crate::schema_cache::routine::Routine;

use crate::rest::plan::types::{
    ActionPlan, CoercibleFilter, CoercibleLogicTree, CoercibleSelectField, MutatePlan, ReadPlan,
};
use crate::rest::plan::{Context, action_plan, mutate, read};

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
        let overloads =
            std::sync::Arc::make_mut(&mut given.cache.routines).entry(given.root.clone());
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
