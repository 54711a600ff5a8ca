//! Fourth pass: fields get the types and conversions of the columns behind them.
//!
//! In: fields of which only the name is known. Out: the same with their types, `to_jsonb` before a
//! JSON path into a column that is not JSON, `to_tsvector` around a searched column that is not a
//! tsvector, and the representation function of a domain, in the direction of the field's use.
//!
//! An operand of `eq` that is known to be one of few (a default stage of the old face) is marked.
//!
//! A name that is no column (computed field, routine result) stays unknown: PostgreSQL decides.
//! Source: <https://docs.postgrest.org/en/stable/references/api/domain_representations.html>.

use crate::mapping;
use crate::pg::ident::QualifiedIdentifier;
use crate::rest::api_request::filter::{Condition, Operation, QuantifiableOperator};
use crate::schema_cache::SchemaCache;
use crate::schema_cache::representation::Representations;
use crate::schema_cache::table::{Column, Table};

use super::types::{
    CoercibleField, CoercibleFilter, CoercibleLogicTree, CoercibleOrderTerm, ReadPlan, ToTsVector,
};

/// Type in which answers and payloads carry values.
const WIRE_TYPE: &str = "json";
/// Type in which a query string carries values.
const QUERY_STRING_TYPE: &str = "text";

/// Resolves the selected, filtered and ordered fields of every level.
pub fn resolve_fields(plan: &mut ReadPlan, root: &QualifiedIdentifier, cache: &SchemaCache) {
    let resolver = Resolver::new(cache, table_of(plan, root));
    for item in &mut plan.select {
        resolver.resolve(&mut item.field, None);
        resolver.to_wire(&mut item.field);
    }
    for tree in &mut plan.where_ {
        resolver.resolve_logic(tree);
    }
    for term in &mut plan.order {
        if let CoercibleOrderTerm::Field { field, .. } = term {
            resolver.resolve(field, None);
        }
    }
    for child in &mut plan.children {
        resolve_fields(child, root, cache);
    }
}

/// The relation whose columns a level has; `root` for the root level.
pub fn table_of<'a>(plan: &'a ReadPlan, root: &'a QualifiedIdentifier) -> &'a QualifiedIdentifier {
    plan.relation_to_parent
        .as_ref()
        .map_or(root, |relationship| relationship.foreign_table())
}

/// Resolves fields of one relation.
pub struct Resolver<'a> {
    table: Option<&'a Table>,
    representations: &'a Representations,
}

impl<'a> Resolver<'a> {
    /// For a relation, which need not be known.
    pub fn new(cache: &'a SchemaCache, relation: &QualifiedIdentifier) -> Self {
        Self {
            table: cache.tables.get(relation).map(|table| &**table),
            representations: &cache.representations,
        }
    }

    /// The relation's columns in order; none when it is unknown.
    pub fn columns(&self) -> impl Iterator<Item = &'a Column> + use<'a> {
        self.table.into_iter().flat_map(|t| t.columns.values())
    }

    /// Whether an answer shows some column otherwise than PostgreSQL would.
    pub fn has_wire_representation(&self) -> bool {
        self.columns().any(|column| {
            let key = (column.nominal_type.clone(), WIRE_TYPE.to_owned());
            self.representations.contains_key(&key)
        })
    }

    /// A column as answers show it.
    pub fn selected_column(&self, column: &Column) -> CoercibleField {
        let mut field = of_column(column);
        self.to_wire(&mut field);
        field
    }

    /// A column as payloads write it; `None` when there is no such column.
    pub fn written_column(&self, name: &str) -> Option<CoercibleField> {
        let mut field = of_column(self.table?.columns.get(name)?);
        let ir_type = field.ir_type.clone();
        self.transform(&mut field, WIRE_TYPE.into(), ir_type);
        Some(field)
    }

    /// Resolves the fields of a logic tree against values of a query string.
    pub fn resolve_logic(&self, tree: &mut CoercibleLogicTree) {
        match tree {
            CoercibleLogicTree::Expression { branches, .. } => {
                for branch in branches {
                    self.resolve_logic(branch);
                }
            }
            CoercibleLogicTree::Statement(CoercibleFilter::Condition { field, condition }) => {
                self.resolve(field, search_of(condition));
                field.is_listed_value = self.lists(field, &condition.operation);
                let ir_type = field.ir_type.clone();
                self.transform(field, QUERY_STRING_TYPE.into(), ir_type);
            }
            CoercibleLogicTree::Statement(CoercibleFilter::NullEmbed { .. }) => {}
        }
    }

    /// Whether the operand of `eq` is a value that the mapping lists for this text column. (Not for an enum: its
    /// labels may be renamed, and a plan keeps the number of the label that it was made for.)
    fn lists(&self, field: &CoercibleField, operation: &Operation) -> bool {
        let Operation::Quantified(QuantifiableOperator::Eq, None, value) = operation else {
            return false;
        };
        let is_text = matches!(&*field.base_type, "text" | "character varying");
        let is_column = is_text && field.json_path.is_empty();
        let relation = self.table.filter(|_| is_column).map(|table| &*table.name);
        relation.is_some_and(|relation| {
            mapping::listed_values(relation, &field.name).contains(&value.as_str())
        })
    }

    fn resolve(&self, field: &mut CoercibleField, search: Option<ToTsVector>) {
        if let Some(column) = self.table.and_then(|t| t.columns.get(&field.name)) {
            *field = CoercibleField {
                json_path: std::mem::take(&mut field.json_path),
                ..of_column(column)
            };
            if field.base_type != "tsvector" {
                field.to_tsvector = search;
            }
        }
        // to_jsonb around a JSON column would keep its indexes from being used.
        field.to_json = !matches!(&*field.ir_type, "json" | "jsonb");
    }

    fn to_wire(&self, field: &mut CoercibleField) {
        let ir_type = field.ir_type.clone();
        self.transform(field, ir_type, WIRE_TYPE.into());
    }

    /// The field's value has the source type until it is transformed, hence the change of type.
    fn transform(&self, field: &mut CoercibleField, source: String, target: String) {
        let key = (source, target);
        if let Some(representation) = self.representations.get(&key) {
            field.transform = Some(representation.function.clone());
            field.ir_type = key.0;
        }
    }
}

fn of_column(column: &Column) -> CoercibleField {
    CoercibleField {
        name: column.name.clone(),
        ir_type: column.nominal_type.clone(),
        base_type: column.data_type.clone(),
        default: column.default.clone(),
        ..CoercibleField::default()
    }
}

fn search_of(condition: &Condition) -> Option<ToTsVector> {
    match &condition.operation {
        Operation::Fts(_, language, _) => Some(ToTsVector {
            language: language.clone(),
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Given, embed, field};
    use super::*;

    fn filter_field(plan: &ReadPlan) -> &CoercibleField {
        match &plan.where_[0] {
            CoercibleLogicTree::Statement(CoercibleFilter::Condition { field, .. }) => field,
            other => panic!("not a condition: {other:?}"),
        }
    }

    #[test]
    fn json_paths_convert_only_what_is_not_json() {
        let given = Given::read("docs").select(vec![
            field("data->a"),
            field("tags->0"),
            field("computed->x"),
        ]);
        let plan = given.read_plan().unwrap();
        let to_json: Vec<_> = plan.select.iter().map(|s| s.field.to_json).collect();
        assert_eq!(to_json, [false, true, true]);
    }

    #[test]
    fn text_is_turned_into_a_tsvector_where_it_is_searched() {
        let searched = |column: &str, filter: &str| {
            let plan = Given::read("docs").filter(&[], column, filter).read_plan();
            filter_field(&plan.unwrap()).to_tsvector.clone()
        };
        let english = ToTsVector {
            language: Some("english".into()),
        };
        assert_eq!(searched("body", "fts(english).x"), Some(english));
        assert_eq!(
            searched("body", "fts.x"),
            Some(ToTsVector { language: None })
        );
        assert_eq!(searched("vector", "fts.x"), None);
        assert_eq!(searched("body", "eq.x"), None);
        assert_eq!(searched("computed", "fts.x"), None);
    }

    #[test]
    fn representations_apply_in_the_direction_of_use() {
        let given =
            Given::read("docs")
                .select(vec![field("color")])
                .filter(&[], "color", "eq.#000001");
        let plan = given.read_plan().unwrap();
        let selected = &plan.select[0].field;
        assert_eq!(selected.transform.as_deref(), Some("color_to_json"));
        assert_eq!(
            filter_field(&plan).transform.as_deref(),
            Some("color_from_text")
        );
        assert_eq!(filter_field(&plan).ir_type, "text");

        let docs = QualifiedIdentifier::new("test", "docs");
        let resolver = Resolver::new(&given.cache, &docs);
        let written = resolver.written_column("color").unwrap();
        assert_eq!(written.transform.as_deref(), Some("color_from_json"));
        assert_eq!(written.base_type, "integer");
        assert_eq!(resolver.written_column("computed"), None);
    }

    #[test]
    fn embeds_resolve_against_the_relation_that_was_found() {
        // Named by the column of the foreign key, so the name is not the relation's.
        let given = Given::read("tasks")
            .select(vec![embed("doc_id", vec![field("color")])])
            .filter(&["doc_id"], "color", "eq.#000001");
        let plan = given.read_plan().unwrap();
        let docs = &plan.children[0];
        assert!(docs.select[0].field.transform.is_some());
        assert!(filter_field(docs).transform.is_some());
    }
}
