//! Requests and random values for the tests of this stage.

use proptest::prelude::*;

use super::filter::{
    Condition, Filter, FtsOperator, IsValue, Operation, QuantifiableOperator, Quantifier,
    SimpleOperator,
};
use super::select::{Field, JsonOperand, JsonStep};
use super::{ApiRequest, HttpRequest, parse};
use crate::config::RestConfig;
use crate::error::Error;

/// A request for `/path?query`, the query taken as it stands.
pub(super) fn request(method: &str, target: &str) -> HttpRequest {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    HttpRequest {
        method: method.into(),
        path_segments: path
            .split('/')
            .filter(|segment| !segment.is_empty())
            .map(str::to_owned)
            .collect(),
        path: path.into(),
        query: query.into(),
        ..HttpRequest::default()
    }
}

impl HttpRequest {
    pub(super) fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub(super) fn with_body(mut self, content_type: &str, body: &str) -> Self {
        self.body = body.as_bytes().to_vec().into();
        self.with_header("content-type", content_type)
    }

    pub(super) fn parsed(&self) -> Result<ApiRequest, Error> {
        parse(self, &RestConfig::default())
    }
}

/// A GET of `/path?query` that must parse.
pub(super) fn get(target: &str) -> ApiRequest {
    request("GET", target).parsed().unwrap()
}

/// Message and details of an error.
pub(super) fn texts(error: &Error) -> (&str, &str) {
    let fault = error.fault();
    let details = fault.details.as_ref().and_then(|details| details.as_str());
    (&fault.message, details.unwrap_or_default())
}

/// Any text, since quotes allow any name.
pub(super) fn any_name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z_]{1,8}",
        "[a-z0-9 $_-]{0,8}",
        "[.:,*()\"\\\\>é]{0,5}",
        ".*"
    ]
}

/// A type or text search configuration.
pub(super) fn any_identifier() -> impl Strategy<Value = String> {
    "[a-z0-9_$]([a-z0-9_ $]{0,8}[a-z0-9_$])?"
}

fn any_key() -> impl Strategy<Value = JsonOperand> {
    prop_oneof!["[0-9]{1,3}", "[a-z!@#%^&*_]{1,5}", any_name()].prop_map(JsonOperand::Key)
}

fn any_index() -> impl Strategy<Value = JsonOperand> {
    "-?[0-9]{1,3}".prop_map(JsonOperand::Index)
}

fn any_step(operand: impl Strategy<Value = JsonOperand>) -> impl Strategy<Value = JsonStep> {
    (any::<bool>(), operand).prop_map(|(as_text, operand)| JsonStep { as_text, operand })
}

/// A field whose path does not end in an index, so that it may stand before a parenthesis.
pub(super) fn any_closed_field() -> impl Strategy<Value = Field> {
    let steps = proptest::collection::vec(any_step(prop_oneof![any_key(), any_index()]), 0..3);
    let last = proptest::option::of(any_step(any_key()));
    (any_name(), steps, last).prop_map(|(name, mut json_path, last)| {
        match last {
            Some(last) => json_path.push(last),
            None => json_path.clear(),
        }
        Field { name, json_path }
    })
}

/// Any field.
pub(super) fn any_field() -> impl Strategy<Value = Field> {
    let index = proptest::option::of(any_step(any_index()));
    (any_closed_field(), index).prop_map(|(mut field, index)| {
        field.json_path.extend(index);
        field
    })
}

pub(super) fn any_operation() -> impl Strategy<Value = Operation> {
    use QuantifiableOperator as Q;
    use SimpleOperator as S;
    let simple = prop::sample::select(vec![
        S::Neq,
        S::Contains,
        S::ContainedIn,
        S::Overlaps,
        S::StrictlyLeft,
        S::StrictlyRight,
        S::NotExtendsRight,
        S::NotExtendsLeft,
        S::Adjacent,
    ]);
    let quantifiable = prop::sample::select(vec![
        Q::Eq,
        Q::Gte,
        Q::Gt,
        Q::Lte,
        Q::Lt,
        Q::Like,
        Q::Ilike,
        Q::Match,
        Q::Imatch,
    ]);
    let quantifier = prop::sample::select(vec![None, Some(Quantifier::Any), Some(Quantifier::All)]);
    let is = prop::sample::select(vec![
        IsValue::Null,
        IsValue::NotNull,
        IsValue::True,
        IsValue::False,
        IsValue::Unknown,
    ]);
    let fts = prop::sample::select(vec![
        FtsOperator::Fts,
        FtsOperator::Plain,
        FtsOperator::Phrase,
        FtsOperator::Websearch,
    ]);
    let language = proptest::option::of(any_identifier());
    prop_oneof![
        (simple, any_name()).prop_map(|(o, v)| Operation::Simple(o, v)),
        (quantifiable, quantifier, any_name()).prop_map(|(o, q, v)| Operation::Quantified(o, q, v)),
        proptest::collection::vec(any_name(), 1..4).prop_map(Operation::In),
        is.prop_map(Operation::Is),
        any_name().prop_map(Operation::IsDistinct),
        (fts, language, any_name()).prop_map(|(o, l, v)| Operation::Fts(o, l, v)),
    ]
}

pub(super) fn any_condition() -> impl Strategy<Value = Condition> {
    (any::<bool>(), any_operation())
        .prop_map(|(negated, operation)| Condition { negated, operation })
}

pub(super) fn any_filter() -> impl Strategy<Value = Filter> {
    (any_field(), any_condition()).prop_map(|(field, condition)| Filter { field, condition })
}
