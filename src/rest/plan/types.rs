//! The planned request: what the schema cache made of it.

// A plan lives for one request and is moved a handful of times; boxing its variants buys nothing.
#![allow(clippy::large_enum_variant)]

use bytes::Bytes;
use indexmap::IndexMap;

use crate::pg::ident::QualifiedIdentifier;
use crate::rest::api_request::filter::Condition;
use crate::rest::api_request::logic::LogicOperator;
use crate::rest::api_request::media_type::MediaType;
use crate::rest::api_request::order::{Direction, Nulls};
use crate::rest::api_request::preferences::Resolution;
use crate::rest::api_request::range::RowRange;
use crate::rest::api_request::select::{AggregateFunction, Field, JoinType, JsonStep};
use crate::rest::api_request::{Invocation, Mutation};
use crate::schema_cache::media_handler::MediaHandler;
use crate::schema_cache::relationship::Relationship;
use crate::schema_cache::routine::{Routine, RoutineParam};

/// Name of the common table expression that holds the rows of a write or a call; the root level of
/// its read plan is selected `FROM` it, aliased as the target's name.
pub const SOURCE_CTE: &str = "pgrst_source";

/// `to_tsvector(language, field)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToTsVector {
    pub language: Option<String>,
}

/// A named value with what is known of its type, and the function that converts it, if any.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CoercibleField {
    pub name: String,
    pub json_path: Vec<JsonStep>,
    /// Wrap in `to_jsonb` before a JSON path (composite and array columns).
    pub to_json: bool,
    pub to_tsvector: Option<ToTsVector>,
    /// Type as the column declares it; empty when unknown.
    pub ir_type: String,
    /// Type with domains resolved; empty when unknown.
    pub base_type: String,
    /// Representation function (quoted SQL) from or to the wire.
    pub transform: Option<String>,
    /// Column default expression, for `missing=default`.
    pub default: Option<String>,
    /// The operand compared with is one of the few values that the text column is known to have: a default stage.
    pub is_listed_value: bool,
    /// Stands for the whole row (`count()` inside a spread).
    pub full_row: bool,
}

impl CoercibleField {
    /// A field of which only the name is known.
    pub fn unknown(name: impl Into<String>, json_path: Vec<JsonStep>) -> Self {
        Self {
            name: name.into(),
            json_path,
            ..Self::default()
        }
    }
}

/// A selected field.
#[derive(Debug, Clone, PartialEq)]
pub struct CoercibleSelectField {
    pub field: CoercibleField,
    pub aggregate: Option<AggregateFunction>,
    pub aggregate_cast: Option<String>,
    pub cast: Option<String>,
    pub alias: Option<String>,
}

/// A boolean tree over planned filters.
#[derive(Debug, Clone, PartialEq)]
pub enum CoercibleLogicTree {
    Expression {
        negated: bool,
        operator: LogicOperator,
        branches: Vec<CoercibleLogicTree>,
    },
    Statement(CoercibleFilter),
}

/// A planned filter.
#[derive(Debug, Clone, PartialEq)]
pub enum CoercibleFilter {
    Condition {
        field: CoercibleField,
        condition: Condition,
    },
    /// `embed=is.null` / `not.is.null`: tests the join itself. `aggregate_alias` names the embed.
    NullEmbed {
        negated: bool,
        aggregate_alias: String,
    },
}

/// A planned order term.
#[derive(Debug, Clone, PartialEq)]
pub enum CoercibleOrderTerm {
    Field {
        field: CoercibleField,
        direction: Option<Direction>,
        nulls: Option<Nulls>,
    },
    /// Column of a to-one embed; `relation` is the embed's aggregate alias.
    Relation {
        relation: String,
        field: Field,
        direction: Option<Direction>,
        nulls: Option<Nulls>,
    },
}

/// How an embed appears in its parent's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmbedMode {
    Object,
    Array,
}

/// A field of the parent that an embed fills.
#[derive(Debug, Clone, PartialEq)]
pub enum RelationSelectField {
    JsonEmbed {
        name: String,
        aggregate_alias: String,
        mode: EmbedMode,
        /// `relation()`: joined but not shown.
        is_empty: bool,
    },
    Spread {
        fields: Vec<SpreadSelectField>,
        aggregate_alias: String,
    },
}

/// A field that a spread lifts into its parent.
#[derive(Debug, Clone, PartialEq)]
pub struct SpreadSelectField {
    pub name: String,
    pub aggregate: Option<AggregateFunction>,
    pub aggregate_cast: Option<String>,
    pub alias: Option<String>,
}

/// Kind of spread.
#[derive(Debug, Clone, PartialEq)]
pub enum SpreadKind {
    ToOne,
    /// Columns become arrays; `extra_select` are columns needed only for `order`, each optionally of
    /// another alias.
    ToMany {
        extra_select: Vec<(Option<String>, CoercibleSelectField)>,
        order: Vec<CoercibleOrderTerm>,
    },
}

/// `left.column = right.column`.
#[derive(Debug, Clone, PartialEq)]
pub struct JoinCondition {
    pub left: (QualifiedIdentifier, String),
    pub right: (QualifiedIdentifier, String),
}

/// One level of a read; embedded levels are `children`.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadPlan {
    pub select: Vec<CoercibleSelectField>,
    pub from: QualifiedIdentifier,
    pub from_alias: Option<String>,
    pub where_: Vec<CoercibleLogicTree>,
    pub order: Vec<CoercibleOrderTerm>,
    pub range: RowRange,
    /// Name the client used.
    pub relation_name: String,
    pub relation_to_parent: Option<Relationship>,
    pub join_conditions: Vec<JoinCondition>,
    pub alias: Option<String>,
    /// Alias of the lateral join's result in the parent.
    pub aggregate_alias: String,
    pub hint: Option<String>,
    pub join_type: Option<JoinType>,
    pub spread: Option<SpreadKind>,
    /// Fields that the children fill, in select order.
    pub relation_select: Vec<RelationSelectField>,
    /// Nesting level, root 0; makes aliases unique.
    pub depth: usize,
    /// The client addressed this aliased embed by its target name (`url-use-legacy-target-names`).
    pub matched_by_target_name: bool,
    pub children: Vec<ReadPlan>,
}

/// A planned write.
#[derive(Debug, Clone, PartialEq)]
pub enum MutatePlan {
    Insert {
        into: QualifiedIdentifier,
        columns: Vec<CoercibleField>,
        body: Option<JsonBody>,
        on_conflict: Option<(Resolution, Vec<String>)>,
        /// PUT: conditions that the payload's row must meet.
        where_: Vec<CoercibleLogicTree>,
        returning: Vec<String>,
        primary_key: Vec<String>,
        apply_defaults: bool,
        is_put: bool,
    },
    Update {
        into: QualifiedIdentifier,
        columns: Vec<CoercibleField>,
        body: Option<JsonBody>,
        where_: Vec<CoercibleLogicTree>,
        returning: Vec<String>,
        apply_defaults: bool,
    },
    Delete {
        from: QualifiedIdentifier,
        where_: Vec<CoercibleLogicTree>,
        returning: Vec<String>,
    },
}

/// JSON text and its outermost shape.
#[derive(Debug, Clone, PartialEq)]
pub struct JsonBody {
    pub raw: Bytes,
    /// The text is one object rather than an array.
    pub is_object: bool,
}

/// Parameters that a call passes.
#[derive(Debug, Clone, PartialEq)]
pub enum CallParams {
    /// `f(a := 1, b := 2)`.
    Named(Vec<RoutineParam>),
    /// `f(body)`: the single unnamed parameter.
    Positional(RoutineParam),
}

/// Argument values.
#[derive(Debug, Clone, PartialEq)]
pub enum CallArgs {
    /// From the query string or a form.
    Direct(IndexMap<String, ArgValue>),
    /// From a JSON (or raw) body.
    Body(Option<JsonBody>),
}

/// One argument.
#[derive(Debug, Clone, PartialEq)]
pub enum ArgValue {
    Fixed(String),
    Variadic(Vec<String>),
}

/// A planned function call.
#[derive(Debug, Clone, PartialEq)]
pub struct CallPlan {
    pub routine: QualifiedIdentifier,
    pub params: CallParams,
    pub args: CallArgs,
    pub returns_scalar: bool,
    pub returns_set_of_scalar: bool,
    /// Columns that root filters name.
    pub filter_fields: Vec<String>,
    /// Columns that the select and the embeds need.
    pub returning: Vec<String>,
}

/// Read-only or read-write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessMode {
    Read,
    Write,
}

/// A planned request that reads or writes rows.
#[derive(Debug, Clone, PartialEq)]
pub enum CrudKind {
    Read {
        headers_only: bool,
    },
    Mutate {
        plan: MutatePlan,
        mutation: Mutation,
    },
    Call {
        plan: CallPlan,
        routine: Routine,
        invocation: Invocation,
    },
}

/// Plan of a request on a relation or routine.
#[derive(Debug, Clone, PartialEq)]
pub struct CrudPlan {
    pub kind: CrudKind,
    /// Shape of the rows in the answer.
    pub read: ReadPlan,
    pub access_mode: AccessMode,
    pub handler: MediaHandler,
    /// Media type of the answer.
    pub media_type: MediaType,
    /// Relation or routine addressed.
    pub target: QualifiedIdentifier,
    /// `application/vnd.pgrst.plan`: answer with the execution plan.
    pub is_explain: bool,
}

/// What the transaction stage does.
#[derive(Debug, Clone, PartialEq)]
pub enum ActionPlan {
    Crud(Box<CrudPlan>),
    /// The root document.
    Inspect {
        schema: String,
        headers_only: bool,
        media_type: MediaType,
    },
    /// OPTIONS on a relation.
    RelationInfo(QualifiedIdentifier),
    /// OPTIONS on a routine.
    RoutineInfo(Box<Routine>),
    /// OPTIONS on the root.
    SchemaInfo,
}
