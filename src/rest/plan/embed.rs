//! Third pass: which relationship joins each embed to its parent.
//!
//! In: levels named as the client wrote them (`alias:target!hint`). Out: the same levels with their
//! [`Relationship`], the real relation they read, and their join.
//!
//! A target is the other relation's name, or for a foreign key the constraint's or the column's; a
//! computed relationship is named by its function. A hint is a constraint, a column of either side,
//! or a junction. A relation embedded in itself goes to-many by its name, to-one by its column.
//! Old names of foreign keys, and what a key means to a client of the old names, are in [`old_face`].
//! Source: <https://docs.postgrest.org/en/stable/references/api/resource_embedding.html#foreign-key-joins-on-multiple-foreign-key-relationships>.

use std::collections::HashSet;

use crate::error::Error;
use crate::mapping;
use crate::pg::ident::QualifiedIdentifier;
use crate::schema_cache::SchemaCache;
use crate::schema_cache::relationship::{Cardinality, Relationship};

use super::faults;
use super::join;
use super::old_face::{self, Words};
use super::types::{ReadPlan, SOURCE_CTE};

/// Finds the relationship of every embed and joins it to its parent.
///
/// `root` is the relation that the root level's rows belong to; with `reads_cte` they come out of
/// the CTE of a write or a call.
///
/// # Errors
/// `PGRST200` when nothing connects two relations, `PGRST201` when several things do.
pub fn find_relationships(
    plan: &mut ReadPlan,
    root: &QualifiedIdentifier,
    reads_cte: bool,
    cache: &SchemaCache,
) -> Result<(), Error> {
    if reads_cte {
        plan.from = QualifiedIdentifier::unqualified(SOURCE_CTE);
        plan.from_alias = Some(root.name.clone());
    }
    let level = Level {
        origin: &root.name,
        schema: &root.schema,
        words: Words::default(),
    };
    relate_children(plan, level, cache)
}

/// Where an embed stands.
#[derive(Debug, Clone, Copy)]
struct Level<'a> {
    /// The relation in which it is embedded.
    origin: &'a str,
    schema: &'a str,
    /// By the relations above that one.
    words: Words,
}

fn relate_children(
    parent: &mut ReadPlan,
    level: Level<'_>,
    cache: &SchemaCache,
) -> Result<(), Error> {
    let mut taken = HashSet::new();
    let (from, from_alias) = (&parent.from, parent.from_alias.as_deref());
    for child in &mut parent.children {
        let hint = child.hint.as_deref();
        let found = find(cache, level, &child.relation_name, hint)?;
        join::to_parent(child, found, from, from_alias, &mut taken);
        let below = Level {
            origin: &found.foreign_table().name,
            words: level.words.of(level.origin),
            ..level
        };
        relate_children(child, below, cache)?;
    }
    Ok(())
}

fn find<'c>(
    cache: &'c SchemaCache,
    level: Level<'_>,
    target: &str,
    hint: Option<&str>,
) -> Result<&'c Relationship, Error> {
    let Level { origin, schema, .. } = level;
    let has_old_names = schema == mapping::SCHEMA;
    let key = (QualifiedIdentifier::new(schema, origin), schema.to_owned());
    let known = cache.relationships.get(&key).map_or(&[][..], Vec::as_slice);
    let mut found = named(known, target, hint);
    if found.is_empty()
        && has_old_names
        && let Some((target, hint)) = old_face::current_names(origin, target, hint)
    {
        found = named(known, target, hint);
    }
    match found[..] {
        [] => Err(faults::no_relationship(cache, schema, origin, target, hint)),
        [only] if has_old_names => Ok(old_face::of(only, (origin, level.words), target, known)),
        [only] => Ok(only),
        _ => Err(faults::ambiguous_embedding(origin, target, &found)),
    }
}

fn named<'c>(known: &'c [Relationship], target: &str, hint: Option<&str>) -> Vec<&'c Relationship> {
    known.iter().filter(|r| matches(r, target, hint)).collect()
}

fn matches(relationship: &Relationship, target: &str, hint: Option<&str>) -> bool {
    match relationship {
        Relationship::Computed { function, .. } => target == function.name,
        Relationship::ForeignKey {
            foreign_table,
            is_self,
            cardinality,
            foreign_table_is_view,
            ..
        } => {
            let way = Way::of(cardinality);
            let names_target = target == foreign_table.name;
            match (is_self, hint) {
                (true, None) => {
                    names_target && way.is_one_to_many()
                        || way.is_many_to_one() && way.own_column == Some(target)
                }
                (true, Some(hint)) => {
                    names_target && way.is_one_to_many() && way.other_column == Some(hint)
                }
                (false, None) => {
                    names_target
                        || !foreign_table_is_view
                            && [way.constraint, way.own_column].contains(&Some(target))
                }
                (false, Some(hint)) => {
                    let names = [
                        way.constraint,
                        way.own_column,
                        way.other_column,
                        way.junction,
                    ];
                    names_target && names.contains(&Some(hint))
                }
            }
        }
    }
}

/// The names by which a foreign key relationship can be told from others.
pub(super) struct Way<'c> {
    cardinality: &'c Cardinality,
    pub(super) constraint: Option<&'c str>,
    /// Column of the source, when the key has one column.
    pub(super) own_column: Option<&'c str>,
    /// Column of the target, when the key has one column.
    other_column: Option<&'c str>,
    junction: Option<&'c str>,
}

impl<'c> Way<'c> {
    pub(super) fn of(cardinality: &'c Cardinality) -> Self {
        let mut way = Way {
            cardinality,
            constraint: None,
            own_column: None,
            other_column: None,
            junction: None,
        };
        match cardinality {
            Cardinality::OneToMany {
                constraint,
                columns,
            }
            | Cardinality::ManyToOne {
                constraint,
                columns,
            }
            | Cardinality::OneToOne {
                constraint,
                columns,
                ..
            } => {
                way.constraint = Some(constraint);
                if let [(own, other)] = &columns[..] {
                    way.own_column = Some(own);
                    way.other_column = Some(other);
                }
            }
            Cardinality::ManyToMany(junction) => way.junction = Some(&junction.table.name),
        }
        way
    }

    fn is_one_to_many(&self) -> bool {
        matches!(self.cardinality, Cardinality::OneToMany { .. })
    }

    fn is_many_to_one(&self) -> bool {
        matches!(self.cardinality, Cardinality::ManyToOne { .. })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{Given, by_key, embed, field, relate, test};
    use super::super::types::JoinCondition;
    use super::*;
    use crate::rest::api_request::Mutation;

    fn embedded(relation: &str, target: &str) -> Result<ReadPlan, Error> {
        let select = vec![field("id"), embed(target, vec![field("id")])];
        Given::read(relation).select(select).read_plan()
    }

    /// The first child of `relation?select=target(id)`.
    fn child(relation: &str, target: &str) -> ReadPlan {
        embedded(relation, target).unwrap().children.remove(0)
    }

    fn joins(level: &ReadPlan) -> Vec<String> {
        let text = |j: &JoinCondition| {
            let ((left, a), (right, b)) = (&j.left, &j.right);
            format!("{left}.{a} = {right}.{b}")
        };
        level.join_conditions.iter().map(text).collect()
    }

    #[test]
    fn targets_and_hints_choose_the_foreign_key() {
        let to_clients = ["clients_1.id = test.projects.client_id"];
        let to_children = ["organizations_1.parent = test.organizations.id"];
        for (relation, target, expected) in [
            ("projects", "clients", &to_clients[..]),
            ("projects", "projects_client_id_fkey", &to_clients),
            ("projects", "client_id", &to_clients),
            ("projects", "clients!projects_client_id_fkey", &to_clients),
            ("projects", "clients!client_id", &to_clients),
            ("projects", "clients!id", &to_clients),
            (
                "clients",
                "projects!client_id",
                &["projects_1.client_id = test.clients.id"],
            ),
            ("organizations", "organizations!parent", &to_children),
            (
                "organizations",
                "parent",
                &["organizations_1.id = test.organizations.parent"],
            ),
            (
                "users",
                "tasks",
                &[
                    "test.users_tasks.task_id = test.tasks.id",
                    "test.users_tasks.user_id = test.users.id",
                ],
            ),
        ] {
            assert_eq!(
                joins(&child(relation, target)),
                expected,
                "{relation} {target}"
            );
        }
    }

    #[test]
    fn junctions_are_not_aliased_and_other_joins_are() {
        let tasks = child("users", "tasks");
        assert_eq!((tasks.from, tasks.from_alias), (test("tasks"), None));
        let clients = child("projects", "client_id");
        assert_eq!(clients.from, test("clients"));
        assert_eq!(clients.from_alias.as_deref(), Some("clients_1"));
        assert_eq!(clients.aggregate_alias, "projects_client_id_1");
    }

    #[test]
    fn nested_joins_refer_to_the_alias_around_them() {
        let select = vec![embed("projects", vec![embed("tasks", vec![field("id")])])];
        let plan = Given::read("clients").select(select).read_plan().unwrap();
        let tasks = &plan.children[0].children[0];
        assert_eq!(joins(tasks), ["tasks_2.project_id = projects_1.id"]);
        assert_eq!(tasks.aggregate_alias, "projects_tasks_2");
    }

    #[test]
    fn computed_relationships_are_named_by_their_function_and_take_the_row() {
        let tasks = child("users", "computed_tasks");
        assert_eq!(tasks.from_alias.as_deref(), Some("tasks_1"));
        assert!(joins(&tasks).is_empty());
        let alias_of_row = |level: &ReadPlan| match level.relation_to_parent.clone().unwrap() {
            Relationship::Computed { table_alias, .. } => table_alias,
            other => panic!("not computed: {other:?}"),
        };
        assert_eq!(alias_of_row(&tasks), test("users"));

        let select = vec![embed("users", vec![embed("computed_tasks", vec![])])];
        let plan = Given::read("tasks").select(select).mutate(Mutation::Update);
        let plan = plan.read_plan().unwrap();
        // Joined through a junction, so users have no alias.
        assert_eq!(alias_of_row(&plan.children[0].children[0]), test("users"));
        let plan = Given::read("users").select(vec![embed("computed_tasks", vec![])]);
        let plan = plan.mutate(Mutation::Update).read_plan().unwrap();
        assert_eq!(
            alias_of_row(&plan.children[0]),
            QualifiedIdentifier::unqualified("users")
        );
    }

    #[test]
    fn writes_join_to_the_written_rows() {
        let given = Given::read("projects").select(vec![embed("clients", vec![])]);
        let plan = given.mutate(Mutation::Update).read_plan().unwrap();
        assert_eq!(plan.from, QualifiedIdentifier::unqualified("pgrst_source"));
        assert_eq!(plan.from_alias.as_deref(), Some("projects"));
        assert_eq!(
            joins(&plan.children[0]),
            ["clients_1.id = projects.client_id"]
        );
    }

    #[test]
    fn siblings_never_share_an_alias() {
        let select = vec![embed("clients", vec![]), embed("clients", vec![])];
        let plan = Given::read("projects").select(select).read_plan().unwrap();
        let aliases: Vec<_> = plan.children.iter().map(|c| &*c.aggregate_alias).collect();
        assert_eq!(aliases, ["projects_clients_1", "projects_clients_1_2"]);
    }

    #[test]
    fn views_are_not_found_by_constraint_or_column() {
        let mut given = Given::read("projects");
        let by_view = Relationship::ForeignKey {
            table: test("projects"),
            foreign_table: test("clients_view"),
            is_self: false,
            cardinality: Cardinality::ManyToOne {
                constraint: "projects_client_id_fkey".into(),
                columns: vec![("client_id".into(), "id".into())],
            },
            table_is_view: false,
            foreign_table_is_view: true,
        };
        relate(&mut given.cache, by_view);
        for (target, expected) in [
            ("client_id", "clients"),
            ("projects_client_id_fkey", "clients"),
            ("clients_view", "clients_view"),
            ("clients_view!client_id", "clients_view"),
        ] {
            let given = given.clone().select(vec![embed(target, vec![])]);
            let plan = given.read_plan().unwrap();
            assert_eq!(plan.children[0].from.name, expected, "{target}");
        }
    }

    #[test]
    fn one_to_one_is_an_object_and_takes_the_same_hints() {
        let mut given = Given::read("projects").select(vec![embed("plans!plan_fk", vec![])]);
        let cardinality = Cardinality::OneToOne {
            constraint: "plan_fk".into(),
            columns: vec![("id".into(), "project_id".into())],
            is_parent: true,
        };
        relate(&mut given.cache, by_key("projects", "plans", cardinality));
        let plan = given.read_plan().unwrap();
        assert_eq!(
            joins(&plan.children[0]),
            ["plans_1.project_id = test.projects.id"]
        );
    }

    #[test]
    fn nothing_in_common_is_told_with_the_nearest_name() {
        for (relation, target, using, hint) in [
            (
                "projects",
                "clientz",
                "",
                Some("Perhaps you meant 'clients' instead of 'clientz'."),
            ),
            (
                "projectss",
                "clients",
                "",
                Some("Perhaps you meant 'projects' instead of 'projectss'."),
            ),
            ("projects", "clients!nope", " using the hint 'nope'", None),
            ("big_projects", "zzzzzz", "", None),
        ] {
            let error = embedded(relation, target).unwrap_err();
            let fault = error.fault();
            let target = target.split('!').next().unwrap();
            assert_eq!((&*fault.code, fault.status), ("PGRST200", 400));
            assert_eq!(
                fault.message,
                format!(
                    "Could not find a relationship between '{relation}' and '{target}' in the \
                     schema cache"
                )
            );
            assert_eq!(
                fault.details,
                Some(json!(format!(
                    "Searched for a foreign key relationship between '{relation}' and \
                     '{target}'{using} in the schema 'test', but no matches were found."
                )))
            );
            assert_eq!(fault.hint.as_deref(), hint, "{relation} {target}");
        }
    }

    #[test]
    fn several_relationships_are_listed() {
        let error = embedded("sites", "big_projects").unwrap_err();
        let fault = error.fault();
        assert_eq!((&*fault.code, fault.status), ("PGRST201", 300));
        assert_eq!(
            fault.message,
            "Could not embed because more than one relationship was found for 'sites' and \
             'big_projects'"
        );
        assert_eq!(
            fault.hint.as_deref(),
            Some(
                "Try changing 'big_projects' to one of the following: \
                 'big_projects!main_project', 'big_projects!jobs'. Find the desired relationship \
                 in the 'details' key."
            )
        );
        assert_eq!(
            fault.details,
            Some(json!([
                {
                    "cardinality": "many-to-one",
                    "embedding": "sites with big_projects",
                    "relationship": "main_project using sites(main_project_id) and big_projects(id)",
                },
                {
                    "cardinality": "many-to-many",
                    "embedding": "sites with big_projects",
                    "relationship":
                        "jobs using jobs_site_id_fkey(site_id) and jobs_big_project_id_fkey(big_project_id)",
                },
            ]))
        );
        let error = embedded("organizations", "organizations").unwrap_err();
        let details = error.fault().details.clone().unwrap();
        assert_eq!(
            details[0],
            json!({
                "cardinality": "one-to-many",
                "embedding": "organizations with organizations",
                "relationship":
                    "organizations_parent_fkey using organizations(id) and organizations(parent)",
            })
        );
        assert_eq!(details.as_array().unwrap().len(), 2);
        // A hint settles it.
        assert!(embedded("sites", "big_projects!jobs").is_ok());
        assert!(embedded("sites", "big_projects!main_project").is_ok());
    }
}
