//! Rules that every entry of the mapping table obeys, and that the database says the same.

use std::collections::HashSet;

use oppbase::mapping::{self, table};

use super::{BASELINES, after, text};

#[test]
fn every_word_means_one_stage_and_is_in_look_up_form() {
    let mut seen = HashSet::new();
    for map in table::STAGES {
        for word in map.words {
            assert!(seen.insert(*word), "{word} twice");
            assert_eq!(mapping::normalise(word), *word);
            assert_eq!(mapping::stage_of(word), Some(map));
        }
        assert!(map.probability <= 100);
        assert_eq!(
            map.closed,
            matches!(map.stage, "closed_won" | "closed_lost")
        );
    }
}

#[test]
fn every_stage_has_a_word_back_that_is_reversible_or_marked_lossy() {
    for map in table::STAGES {
        let back = mapping::stage_of(map.legacy).expect("the word back is in the table");
        assert!(back == map || mapping::is_lossy(map), "{}", map.stage);
        assert!(table::DEFAULT_DEAL_STAGES.contains(&map.legacy));
        assert!(mapping::fits(map.legacy, map));
    }
    assert!(mapping::stage(table::DEFAULT_STAGE).is_some());
}

#[test]
fn relations_and_columns_are_unique_on_both_faces() {
    let mut names = HashSet::new();
    for relation in table::RELATIONS {
        for name in relation
            .old
            .iter()
            .chain([&relation.new])
            .chain(relation.aliases)
        {
            assert!(names.insert(*name), "{name} twice");
        }
        let old: HashSet<_> = relation.columns.iter().map(|c| c.old).collect();
        let new: HashSet<_> = relation.columns.iter().map(|c| c.new).collect();
        assert_eq!(old.len(), relation.columns.len());
        assert_eq!(new.len(), relation.columns.len());
        for column in relation.columns {
            assert_ne!(column.twin, Some(column.new));
            assert_eq!(
                mapping::column_by_old_name(relation, column.old),
                Some(column)
            );
        }
        assert_eq!(
            mapping::relation_by_old_name(relation.old[0]),
            Some(relation)
        );
    }
}

#[test]
fn names_are_unique_and_variables_change_their_prefix_only() {
    for list in [
        table::EVENTS,
        table::ACTIVITY_TYPES,
        table::ENTITIES,
        table::CONFIGURATION_KEYS,
        table::ENVIRONMENT,
    ] {
        let old: HashSet<_> = list.iter().map(|n| n.old).collect();
        assert_eq!(old.len(), list.len());
    }
    for name in table::ENVIRONMENT {
        let rest = name.old.strip_prefix("DEAL_").expect("an old variable");
        assert_eq!(name.new, format!("OPPORTUNITY_{rest}"));
    }
}

#[tokio::test]
async fn the_database_has_the_tables_columns_and_the_same_values() {
    for baseline in BASELINES {
        let (_db, client) = after(baseline).await;
        for relation in table::RELATIONS {
            for (name, columns) in relation
                .old
                .iter()
                .map(|n| {
                    (
                        n,
                        relation.columns.iter().map(|c| c.old).collect::<Vec<_>>(),
                    )
                })
                .chain(
                    relation
                        .aliases
                        .iter()
                        .map(|n| (n, relation.columns.iter().map(|c| c.new).collect())),
                )
            {
                let found = text(
                    &client,
                    &format!(
                        "select string_agg(attname, ',' order by attnum) from pg_attribute \
                     where attrelid = 'public.\"{name}\"'::regclass and attnum > 0"
                    ),
                )
                .await;
                assert_eq!(found, Some(columns.join(",")), "{name}");
            }
            for column in relation.columns {
                for name in column
                    .twin
                    .iter()
                    .chain(column.derives)
                    .chain([&column.new])
                {
                    let there = text(&client, &format!(
                        "select true from pg_attribute where attrelid = 'public.\"{}\"'::regclass and attname = '{name}'",
                        relation.new)).await;
                    assert_eq!(there.as_deref(), Some("t"), "{name}");
                }
            }
        }
        let stages = text(
            &client,
            "select array_to_string(enum_range(null::public.opportunity_stage), ',')",
        )
        .await;
        let listed: Vec<_> = table::STAGES.iter().map(|m| m.stage).collect();
        assert_eq!(stages, Some(listed.join(",")));
        for map in table::STAGES {
            for word in map.words {
                let shouted = word.to_uppercase().replace('-', " / ");
                for spelling in [(*word).to_owned(), format!(" {shouted}\n")] {
                    let found = text(
                        &client,
                        &format!("select private.stage_forward('{spelling}')"),
                    )
                    .await;
                    assert_eq!(found.as_deref(), Some(map.stage), "{spelling:?}");
                    assert_eq!(mapping::stage_of(&spelling), Some(map));
                }
            }
            let back = text(
                &client,
                &format!("select private.stage_reverse('{}')", map.stage),
            )
            .await;
            assert_eq!(back.as_deref(), Some(map.legacy));
        }
        let unknown = text(&client, "select private.stage_forward('no such word')").await;
        assert_eq!(unknown.as_deref(), Some("lead"));
    }
}
