//! "Perhaps you meant": the nearest name to one that is not there.
//!
//! Comes in: the schema cache and what the client wrote. Goes out: names only; the plan stage writes
//! the hint. An old name of something that has a new one is suggested to those only who use old names.
//! Thresholds and rules as PostgREST's, so that hints are the same:
//! <https://docs.postgrest.org/en/stable/references/errors.html>.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::SchemaCache;
use super::fuzzy::{DEFAULT_MIN_SCORE, FuzzySet};
use super::relate::Tables;
use crate::mapping;
use crate::pg::ident::QualifiedIdentifier;

/// Score that the name of a relation or routine needs: a worse guess would reveal names to somebody
/// who does not nearly know them.
const NAME_MIN_SCORE: f64 = 0.75;

/// A schema with this many relations gets no suggestions: its index would cost too much memory.
const MAX_RELATIONS: usize = 500;

/// Names by schema, indexed at first use and kept with the cache.
#[derive(Debug, Clone, Default)]
pub struct NameIndex {
    relations: OnceLock<HashMap<String, FuzzySet>>,
    routines: OnceLock<HashMap<String, FuzzySet>>,
}

/// What `parent?select=child()` may have meant; at most one of the two is given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RelationshipSuggestion {
    /// Instead of the parent, which has no relationship at all.
    pub parent: Option<String>,
    /// Instead of the child, when the parent has relationships.
    pub child: Option<String>,
}

/// What a call may have meant; at most one of the two is given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RoutineSuggestion {
    /// Another routine of the schema, when there is none of that name.
    pub name: Option<String>,
    /// Parameters of an overload of the routine, sorted, in parentheses: `(a, b)`.
    pub params: Option<String>,
}

/// The relation of the schema that is nearest to `name`.
pub fn suggest_table(cache: &SchemaCache, schema: &str, name: &str) -> Option<String> {
    let index = cache.names.relations.get_or_init(|| {
        let current = |name: &&QualifiedIdentifier| !is_old_face(&cache.tables, name);
        index_by_schema(cache.tables.keys().filter(current), MAX_RELATIONS)
    });
    index
        .get(schema)?
        .best(name, NAME_MIN_SCORE)
        .map(str::to_owned)
}

/// Nearest relation with relationships, or nearest embeddable relation of a known parent.
pub fn suggest_relationship(
    cache: &SchemaCache,
    schema: &str,
    parent: &str,
    child: &str,
) -> RelationshipSuggestion {
    let key = (QualifiedIdentifier::new(schema, parent), schema.to_owned());
    match cache.relationships.get(&key) {
        Some(relationships) => {
            let name_of = |known: &QualifiedIdentifier| known.name == child;
            // What can be embedded was not mistyped: the hint behind it was.
            if relationships.iter().any(|r| name_of(r.foreign_table())) {
                return RelationshipSuggestion::default();
            }
            let speaks_old = mapping::successor(parent).is_some();
            let knows_old_alone = is_old_face(&cache.tables, &key.0);
            let children: FuzzySet = relationships
                .iter()
                .map(|r| r.foreign_table())
                .filter(|name| speaks_old || !is_old_face(&cache.tables, name))
                .filter(|name| !knows_old_alone || !is_new_word(&name.name))
                .map(|name| name.name.as_str())
                .collect();
            RelationshipSuggestion {
                parent: None,
                child: children
                    .matches(child, DEFAULT_MIN_SCORE)
                    .into_iter()
                    .find(|(score, _)| *score < 1.0)
                    .map(|(_, name)| name.to_owned()),
            }
        }
        None => {
            let mut parents: Vec<&str> = cache
                .relationships
                .keys()
                .filter(|(source, target_schema)| {
                    target_schema == schema && !is_old_face(&cache.tables, source)
                })
                .map(|(source, _)| source.name.as_str())
                .collect();
            parents.sort_unstable();
            RelationshipSuggestion {
                parent: FuzzySet::from_iter(parents)
                    .best(parent, DEFAULT_MIN_SCORE)
                    .map(str::to_owned),
                child: None,
            }
        }
    }
}

/// Whether the name is an old one of a relation that is there: before the migration it is a table's only name.
fn is_old_face(tables: &Tables, name: &QualifiedIdentifier) -> bool {
    mapping::successor(&name.name)
        .is_some_and(|(_, new)| tables.contains_key(&QualifiedIdentifier::new(&*name.schema, new)))
}

/// Whether only who uses the new names knows this one.
fn is_new_word(name: &str) -> bool {
    mapping::is_new_name(name) || name.starts_with("opportunity_")
}

/// Nearest routine of the schema, or nearest parameter list of an existing one.
pub fn suggest_routine(
    cache: &SchemaCache,
    schema: &str,
    name: &str,
    params: &[String],
) -> RoutineSuggestion {
    match cache.routines.get(&QualifiedIdentifier::new(schema, name)) {
        Some(overloads) if !overloads.is_empty() => {
            let known: FuzzySet = overloads
                .iter()
                .map(|routine| param_list(routine.params.iter().map(|p| p.name.as_str())))
                .collect();
            let wanted = param_list(params.iter().map(String::as_str));
            RoutineSuggestion {
                name: None,
                params: known.best(&wanted, DEFAULT_MIN_SCORE).map(str::to_owned),
            }
        }
        _ => {
            let index = cache
                .names
                .routines
                .get_or_init(|| index_by_schema(cache.routines.keys(), usize::MAX));
            RoutineSuggestion {
                name: index
                    .get(schema)
                    .and_then(|set| set.best(name, NAME_MIN_SCORE))
                    .map(str::to_owned),
                params: None,
            }
        }
    }
}

fn param_list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    format!("({})", names.join(", "))
}

/// Sorted first, so that equally near names are suggested in the same order after each reload.
fn index_by_schema<'a>(
    names: impl Iterator<Item = &'a QualifiedIdentifier>,
    limit: usize,
) -> HashMap<String, FuzzySet> {
    let mut by_schema: HashMap<&str, Vec<&str>> = HashMap::new();
    for qi in names {
        by_schema.entry(&qi.schema).or_default().push(&qi.name);
    }
    by_schema
        .into_iter()
        .filter(|(_, names)| names.len() < limit)
        .map(|(schema, mut names)| {
            names.sort_unstable();
            (schema.to_owned(), names.into_iter().collect())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::schema_cache::relationship::{Cardinality, Relationship};
    use crate::schema_cache::routine::{PgType, ReturnType, Routine, RoutineParam, Volatility};
    use crate::schema_cache::table::Table;

    fn qi(name: &str) -> QualifiedIdentifier {
        QualifiedIdentifier::new("api", name)
    }

    fn table(name: &str) -> (QualifiedIdentifier, Arc<Table>) {
        let table = Table {
            schema: "api".into(),
            name: name.into(),
            description: None,
            is_view: false,
            insertable: true,
            updatable: true,
            deletable: true,
            primary_key: vec![],
            columns: indexmap::IndexMap::new(),
        };
        (qi(name), Arc::new(table))
    }

    fn relationship(from: &str, to: &str) -> Relationship {
        Relationship::ForeignKey {
            table: qi(from),
            foreign_table: qi(to),
            is_self: false,
            cardinality: Cardinality::ManyToOne {
                constraint: "c".into(),
                columns: vec![],
            },
            table_is_view: false,
            foreign_table_is_view: false,
        }
    }

    fn routine(name: &str, params: &[&str]) -> Routine {
        let param = |name: &&str| RoutineParam {
            name: (*name).into(),
            data_type: "text".into(),
            cast_type: "text".into(),
            required: true,
            variadic: false,
        };
        Routine {
            schema: "api".into(),
            name: name.into(),
            description: None,
            params: params.iter().map(param).collect(),
            return_type: ReturnType::Single(PgType::Scalar(QualifiedIdentifier::new(
                "pg_catalog",
                "text",
            ))),
            volatility: Volatility::Volatile,
            has_variadic: false,
            isolation_level: None,
            settings: vec![],
        }
    }

    fn cache() -> SchemaCache {
        SchemaCache {
            tables: HashMap::from([table("films"), table("directors"), table("actors")]).into(),
            relationships: HashMap::from([(
                (qi("films"), "api".to_owned()),
                ["directors", "roles", "actors"]
                    .map(|to| relationship("films", to))
                    .to_vec(),
            )])
            .into(),
            routines: HashMap::from([
                (
                    qi("test"),
                    vec![
                        routine("test", &["val", "param", "name"]),
                        routine("test", &["id", "attr"]),
                    ],
                ),
                (qi("another"), vec![routine("another", &[])]),
            ])
            .into(),
            ..SchemaCache::default()
        }
    }

    #[test]
    fn a_near_table_name_is_suggested_within_its_schema() {
        let cache = cache();
        assert_eq!(suggest_table(&cache, "api", "flims"), None);
        assert_eq!(
            suggest_table(&cache, "api", "filmss").as_deref(),
            Some("films")
        );
        assert_eq!(suggest_table(&cache, "private", "filmss"), None);
    }

    #[test]
    fn no_table_is_suggested_in_a_huge_schema() {
        let tables = (0..MAX_RELATIONS).map(|i| table(&format!("films{i}")));
        let cache = SchemaCache {
            tables: tables.collect::<HashMap<_, _>>().into(),
            ..SchemaCache::default()
        };
        assert_eq!(suggest_table(&cache, "api", "films_1"), None);
    }

    #[test]
    fn old_names_are_suggested_to_those_who_use_them() {
        let of = |names: &[&str]| SchemaCache {
            tables: names
                .iter()
                .map(|n| table(n))
                .collect::<HashMap<_, _>>()
                .into(),
            relationships: ["sales", "dealNotes", "deals"]
                .map(|from| {
                    let to = relationship(from, if from == "deals" { "sales" } else { "deals" });
                    ((qi(from), "api".to_owned()), vec![to])
                })
                .into_iter()
                .collect::<HashMap<_, _>>()
                .into(),
            ..SchemaCache::default()
        };
        let child = |cache: &SchemaCache, parent: &str| {
            suggest_relationship(cache, "api", parent, "deal").child
        };
        let parent =
            |cache: &SchemaCache| suggest_relationship(cache, "api", "dealz", "sales").parent;
        // Where they are tables they have no other name.
        let before = of(&["deals", "dealNotes", "sales"]);
        assert_eq!(
            suggest_table(&before, "api", "dealss").as_deref(),
            Some("deals")
        );
        assert_eq!(child(&before, "sales").as_deref(), Some("deals"));
        assert_eq!(parent(&before).as_deref(), Some("deals"));
        let after = of(&[
            "deals",
            "dealNotes",
            "sales",
            "opportunities",
            "opportunityNotes",
        ]);
        assert_eq!(suggest_table(&after, "api", "dealss"), None);
        assert_eq!(child(&after, "sales"), None);
        assert_eq!(parent(&after), None);
        assert_eq!(child(&after, "dealNotes").as_deref(), Some("deals"));
    }

    #[test]
    fn what_can_be_embedded_is_not_corrected_and_old_words_lead_to_old_ones() {
        let targets = [
            ("companies", ["deals", "sales"].as_slice()),
            (
                "deals",
                &["opportunityNotes", "opportunity_contacts", "contacts"],
            ),
            ("opportunities", &["opportunity_contacts"]),
        ];
        let names = ["companies", "deals", "opportunities"];
        let cache = |names: &[&str]| SchemaCache {
            tables: names
                .iter()
                .map(|n| table(n))
                .collect::<HashMap<_, _>>()
                .into(),
            relationships: targets
                .map(|(from, to)| {
                    let all = to.iter().map(|to| relationship(from, to)).collect();
                    ((qi(from), "api".to_owned()), all)
                })
                .into_iter()
                .collect::<HashMap<_, Vec<_>>>()
                .into(),
            ..SchemaCache::default()
        };
        let (before, after) = (cache(&names[..2]), cache(&names));
        let child = |cache: &SchemaCache, parent: &str, child: &str| {
            suggest_relationship(cache, "api", parent, child).child
        };
        for cache in [&before, &after] {
            assert_eq!(child(cache, "companies", "deals"), None);
            assert_eq!(child(cache, "companies", "sale").as_deref(), Some("sales"));
        }
        assert_eq!(
            child(&after, "deals", "contact").as_deref(),
            Some("contacts")
        );
        assert_eq!(child(&after, "deals", "opportunity"), None);
        // A site's own table of that name.
        assert!(child(&before, "deals", "opportunity").is_some());
        let new = child(&after, "opportunities", "opportunity_contact");
        assert_eq!(new.as_deref(), Some("opportunity_contacts"));
    }

    #[test]
    fn parent_or_child_is_suggested_never_both() {
        let cache = cache();
        let suggest = |parent: &str, child: &str| {
            let RelationshipSuggestion { parent, child } =
                suggest_relationship(&cache, "api", parent, child);
            (parent, child)
        };
        assert_eq!(suggest("film", "directors"), (Some("films".into()), None));
        assert_eq!(suggest("films", "role"), (None, Some("roles".into())));
        assert_eq!(suggest("films", "actors"), (None, None));
        assert_eq!(suggest("noclosealternative", "roles"), (None, None));
        assert_eq!(suggest("films", "noclosealternative"), (None, None));
    }

    #[test]
    fn routine_name_or_parameters_are_suggested() {
        let cache = cache();
        let suggest = |name: &str, params: &[&str]| {
            let params: Vec<String> = params.iter().map(|p| (*p).to_owned()).collect();
            let RoutineSuggestion { name, params } = suggest_routine(&cache, "api", name, &params);
            (name, params)
        };
        let params = |text: &str| (None, Some(text.to_owned()));
        assert_eq!(suggest("testt", &["val"]), (Some("test".into()), None));
        assert_eq!(suggest("noclosealternative", &[]), (None, None));
        assert_eq!(
            suggest("test", &["vall", "pqaram", "nam"]),
            params("(name, param, val)")
        );
        assert_eq!(
            suggest("test", &["val", "param"]),
            params("(name, param, val)")
        );
        assert_eq!(suggest("test", &["id", "attrs"]), params("(attr, id)"));
        assert_eq!(suggest("test", &["id"]), params("(attr, id)"));
        assert_eq!(suggest("test", &["noclosealternative"]), (None, None));
    }
}
