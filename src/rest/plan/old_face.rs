//! Embeds in the old vocabulary that name a foreign key instead of a relation.
//!
//! In: what the client wrote, and the relationships of the level's origin. Out: the key's name of today,
//! and the relationship with the old face of a table in place of the table.
//!
//! A key's column and its name lead to tables, never to views, and the old face is a view: without this,
//! `dealNotes?select=deal_id(stage)` would read the new stage, and so would a site's own
//! `quotes?select=deal_id(stage)`. Nothing here applies where the old names are tables, as before the migration.
//! Source: <https://docs.postgrest.org/en/stable/references/api/resource_embedding.html#foreign-key-joins-on-views>.

use crate::mapping;
use crate::schema_cache::relationship::Relationship;

use super::embed::Way;

/// Target and hint with the foreign key's name of today in place of its old one, which says something to
/// clients of the old names only: as a hint from or to an old name, as a target from anything that is not
/// itself a new name.
pub fn current_names<'a>(
    origin: &str,
    target: &'a str,
    hint: Option<&'a str>,
) -> Option<(&'a str, Option<&'a str>)> {
    let current = |name: &str| mapping::foreign_key_by_old_name(name).map(|(_, key)| key.new);
    match hint {
        None if mapping::is_new_name(origin) => None,
        None => Some((current(target)?, None)),
        Some(hint) => {
            let is_old = is_old_name(origin) || is_old_name(target);
            is_old.then_some((target, Some(current(hint)?)))
        }
    }
}

/// Whether a relation is called by an old name.
pub fn is_old_name(relation: &str) -> bool {
    mapping::successor(relation).is_some()
}

/// Whether a foreign key is called by an old name, or its column is.
fn is_old_key(found: &Relationship, target: &str) -> bool {
    let Relationship::ForeignKey { cardinality, .. } = found else {
        return false;
    };
    let own = Way::of(cardinality).own_column;
    let column = |map: &mapping::RelationMap| {
        let columns = map.columns.iter();
        columns
            .clone()
            .any(|c| own == Some(c.old) && c.new != c.old)
    };
    mapping::foreign_key_by_old_name(target).is_some()
        || mapping::table::RELATIONS.iter().any(column)
}

/// Whose words a request uses, as far as its relations tell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Words {
    #[default]
    Unknown,
    Old,
    New,
}

impl Words {
    /// What is known below this relation.
    pub fn of(self, relation: &str) -> Self {
        if is_old_name(relation) {
            Self::Old
        } else if mapping::is_new_name(relation) {
            Self::New
        } else {
            self
        }
    }
}

/// Whether the target is a foreign key under its name of today.
fn is_new_key(target: &str) -> bool {
    let keys = mapping::table::RELATIONS
        .iter()
        .flat_map(|map| map.foreign_keys);
    keys.clone().any(|key| key.new == target)
}

/// The relationship by the same key to the old face of `found`'s relation, when `target` names the key and the
/// request uses old words: the origin is an old name, what is above it, or else the key's name. Otherwise `found`.
pub fn of<'c>(
    found: &'c Relationship,
    (origin, above): (&str, Words),
    target: &str,
    known: &'c [Relationship],
) -> &'c Relationship {
    let foreign = found.foreign_table();
    let names_key = target != foreign.name;
    let is_old = match above.of(origin) {
        Words::Old => is_old_name(origin) || !is_new_key(target),
        Words::Unknown => is_old_key(found, target),
        Words::New => false,
    };
    if !names_key || !is_old {
        return found;
    }
    let faces = mapping::table::RELATIONS
        .iter()
        .find(|map| map.new == foreign.name)
        .map_or(&[][..], |map| map.old);
    let face = faces.iter().find_map(|name| {
        known.iter().find(|other| {
            let target = other.foreign_table();
            target.name == *name && target.schema == foreign.schema && is_same_key(found, other)
        })
    });
    face.unwrap_or(found)
}

/// Whether both go from the same columns by the same foreign key, the second to a view.
fn is_same_key(found: &Relationship, other: &Relationship) -> bool {
    match (found, other) {
        (
            Relationship::ForeignKey {
                cardinality: found, ..
            },
            Relationship::ForeignKey {
                cardinality: other,
                foreign_table_is_view: true,
                ..
            },
        ) => {
            let (found, other) = (Way::of(found), Way::of(other));
            found.constraint.is_some()
                && found.constraint == other.constraint
                && found.own_column == other.own_column
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Given, embed, field, relate, spread};
    use super::super::types::ReadPlan;
    use crate::error::Error;
    use crate::pg::ident::QualifiedIdentifier;
    use crate::rest::api_request::Mutation;
    use crate::rest::api_request::select::SelectItem;
    use crate::schema_cache::SchemaCache;
    use crate::schema_cache::relationship::{Cardinality, Relationship};

    /// A relation, its column of the key, whether it is a view.
    type End = (&'static str, &'static str, bool);

    fn public(name: &str) -> QualifiedIdentifier {
        QualifiedIdentifier::new(crate::mapping::SCHEMA, name)
    }

    /// One foreign key between all of `sources` and all of `targets`, both ways.
    fn key(cache: &mut SchemaCache, constraint: &str, sources: &[End], targets: &[End]) {
        for source in sources {
            for target in targets {
                for (from, to, holds_key) in [(source, target, true), (target, source, false)] {
                    let constraint = constraint.to_owned();
                    let columns = vec![(from.1.to_owned(), to.1.to_owned())];
                    let cardinality = match holds_key {
                        true => Cardinality::ManyToOne {
                            constraint,
                            columns,
                        },
                        false => Cardinality::OneToMany {
                            constraint,
                            columns,
                        },
                    };
                    let relationship = Relationship::ForeignKey {
                        table: public(from.0),
                        foreign_table: public(to.0),
                        is_self: false,
                        cardinality,
                        table_is_view: from.2,
                        foreign_table_is_view: to.2,
                    };
                    relate(cache, relationship);
                }
            }
        }
    }

    fn before() -> SchemaCache {
        let mut cache = SchemaCache::default();
        let companies = [
            ("companies", "id", false),
            ("companies_summary", "id", true),
        ];
        let deals = |column| [("deals", column, false)];
        let notes = |column| [("dealNotes", column, false)];
        let sales = [("sales", "id", false)];
        key(
            &mut cache,
            "deals_company_id_fkey",
            &deals("company_id"),
            &companies,
        );
        key(
            &mut cache,
            "deals_sales_id_fkey",
            &deals("sales_id"),
            &sales,
        );
        key(
            &mut cache,
            "dealNotes_deal_id_fkey",
            &notes("deal_id"),
            &deals("id"),
        );
        key(
            &mut cache,
            "dealNotes_sales_id_fkey",
            &notes("sales_id"),
            &sales,
        );
        quotes(&mut cache, &deals("id"));
        cache
    }

    /// A table of the site.
    fn quotes(cache: &mut SchemaCache, deals: &[End]) {
        key(
            cache,
            "quotes_deal_id_fkey",
            &[("quotes", "deal_id", false)],
            deals,
        );
    }

    fn after() -> SchemaCache {
        let mut cache = SchemaCache::default();
        let companies = [
            ("companies", "id", false),
            ("companies_summary", "id", true),
        ];
        let deals = |column| [("opportunities", column, false), ("deals", column, true)];
        let notes = |new, old| {
            [
                ("opportunityNotes", new, false),
                ("deal_notes", old, true),
                ("dealNotes", old, true),
                ("opportunity_notes", new, true),
            ]
        };
        let sales = [("sales", "id", false)];
        key(
            &mut cache,
            "opportunities_company_id_fkey",
            &deals("company_id"),
            &companies,
        );
        key(
            &mut cache,
            "opportunities_principal_organization_id_fkey",
            &[("opportunities", "principal_organization_id", false)],
            &companies,
        );
        key(
            &mut cache,
            "opportunities_sales_id_fkey",
            &deals("sales_id"),
            &sales,
        );
        key(
            &mut cache,
            "opportunityNotes_opportunity_id_fkey",
            &notes("opportunity_id", "deal_id"),
            &deals("id"),
        );
        key(
            &mut cache,
            "opportunityNotes_sales_id_fkey",
            &notes("sales_id", "sales_id"),
            &sales,
        );
        quotes(&mut cache, &deals("id"));
        cache
    }

    fn plan(
        cache: &SchemaCache,
        relation: &str,
        select: Vec<SelectItem>,
    ) -> Result<ReadPlan, Error> {
        let mut given = Given::read(relation).select(select);
        given.root = public(relation);
        given.cache = cache.clone();
        given.read_plan()
    }

    /// What `relation?select=target(id)` reads, or the code of its refusal.
    fn read(cache: &SchemaCache, relation: &str, target: &str) -> String {
        match plan(cache, relation, vec![embed(target, vec![field("id")])]) {
            Ok(plan) => plan.children[0].from.name.clone(),
            Err(error) => error.code().to_owned(),
        }
    }

    #[test]
    fn old_clients_are_shown_what_they_were_shown_before_the_migration() {
        let (before, after) = (before(), after());
        for (relation, target, shown) in [
            ("dealNotes", "deal_id", "deals"),
            ("dealNotes", "deal:deal_id", "deals"),
            ("dealNotes", "dealNotes_deal_id_fkey", "deals"),
            ("dealNotes", "deals!dealNotes_deal_id_fkey", "deals"),
            ("dealNotes", "deals!deal_id", "deals"),
            ("dealNotes", "sales!dealNotes_sales_id_fkey", "sales"),
            ("dealNotes", "sales_id", "sales"),
            ("deals", "company_id", "companies"),
            ("deals", "deals_company_id_fkey", "companies"),
            ("deals", "companies!deals_company_id_fkey", "companies"),
            ("deals", "sales!deals_sales_id_fkey", "sales"),
            ("deals", "dealNotes!dealNotes_deal_id_fkey", "dealNotes"),
            ("deals", "dealNotes_deal_id_fkey", "dealNotes"),
            ("companies", "deals_company_id_fkey", "deals"),
            ("companies", "deals!deals_company_id_fkey", "deals"),
            ("companies_summary", "deals_company_id_fkey", "deals"),
            ("companies_summary", "deals!deals_company_id_fkey", "deals"),
            ("sales", "deals_sales_id_fkey", "deals"),
            ("sales", "dealNotes_sales_id_fkey", "dealNotes"),
            ("quotes", "deal_id", "deals"),
            ("quotes", "quotes_deal_id_fkey", "deals"),
            ("quotes", "deals!quotes_deal_id_fkey", "deals"),
            // Nor did these work before.
            ("deals", "dealNotes_sales_id_fkey", "PGRST200"),
            ("companies", "deals!deals_sales_id_fkey", "PGRST200"),
            ("companies", "sales!deals_company_id_fkey", "PGRST200"),
        ] {
            for cache in [&before, &after] {
                assert_eq!(read(cache, relation, target), shown, "{relation} {target}");
            }
        }
        // Upstream's notes, which are the fork's further name.
        assert_eq!(read(&after, "deal_notes", "deal_id"), "deals");
        assert_eq!(
            read(&after, "deal_notes", "deals!dealNotes_deal_id_fkey"),
            "deals"
        );
    }

    #[test]
    fn new_names_lead_where_they_led() {
        let after = after();
        for (relation, target, shown) in [
            ("opportunityNotes", "opportunity_id", "opportunities"),
            ("opportunity_notes", "opportunity_id", "opportunities"),
            (
                "opportunityNotes",
                "opportunityNotes_opportunity_id_fkey",
                "opportunities",
            ),
            ("opportunityNotes", "deals", "deals"),
            ("quotes", "opportunities", "opportunities"),
            ("quotes", "opportunities!deal_id", "opportunities"),
            ("dealNotes", "opportunities", "opportunities"),
            (
                "companies",
                "opportunities_company_id_fkey",
                "opportunities",
            ),
            ("opportunities", "company_id", "companies"),
            // The key's old name is none of theirs.
            ("opportunities", "deals_company_id_fkey", "PGRST200"),
            (
                "opportunities",
                "companies!deals_company_id_fkey",
                "PGRST200",
            ),
            (
                "companies",
                "opportunities!deals_company_id_fkey",
                "PGRST200",
            ),
        ] {
            assert_eq!(read(&after, relation, target), shown, "{relation} {target}");
        }
    }

    #[test]
    fn the_old_face_goes_on_below_and_in_spreads_and_writes() {
        let after = after();
        let below = embed("deal_id", vec![embed("companies", vec![field("id")])]);
        let nested = plan(&after, "dealNotes", vec![below]).unwrap();
        let deal = &nested.children[0];
        assert_eq!(
            (&*deal.from.name, &*deal.children[0].from.name),
            ("deals", "companies")
        );
        // A table of the site, below the one name and below the other.
        for (above, shown) in [("deals", "deals"), ("opportunities", "opportunities")] {
            for target in ["deal_id", "quotes_deal_id_fkey"] {
                let quotes = embed("quotes", vec![embed(target, vec![field("id")])]);
                let nested = plan(&after, above, vec![quotes]).unwrap();
                let deal = &nested.children[0].children[0];
                assert_eq!(deal.from.name, shown, "{above} {target}");
            }
        }

        let spread = plan(
            &after,
            "dealNotes",
            vec![spread("deal_id", vec![field("id")])],
        );
        assert_eq!(spread.unwrap().children[0].from.name, "deals");

        let mut given = Given::read("dealNotes").select(vec![embed("deal_id", vec![])]);
        given.root = public("dealNotes");
        given.cache = after;
        let written = given.mutate(Mutation::Create).read_plan().unwrap();
        assert_eq!(written.children[0].from.name, "deals");
    }
}
