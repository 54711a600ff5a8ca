//! `Database`, the type that supabase-js wants, written from the catalogue.
//!
//! In: [`Catalog`] (read with [`CATALOG_SQL`]) and the relationships of the schema cache. Out: the
//! TypeScript that `supabase gen types typescript` prints for the same database: per schema `Tables`,
//! `Views`, `Functions`, `Enums`, `CompositeTypes`, then the helper types. Pure.
//! Source: <https://supabase.com/docs/guides/api/rest/generating-types>.

mod catalog;
mod functions;
mod layout;
mod relations;
mod types;

use std::fmt::Write as _;

pub use catalog::{CATALOG_SQL, Catalog, ToOne};
use layout::{Node, object, property};

/// Spread and `maxAffected` are typed by this version; it is the newest that supabase-js knows, and the
/// engine does what it promises.
const POSTGREST_VERSION: &str = "14.1";

const HELPERS: &str = include_str!("helpers.ts");

/// The whole file, ending with a line feed.
pub fn typescript(catalog: &Catalog, to_one: &[ToOne]) -> String {
    let mut out = String::from(
        "export type Json =\n  | string\n  | number\n  | boolean\n  | null\n  \
         | { [key: string]: Json | undefined }\n  | Json[]\n\nexport type Database = {\n",
    );
    let _ = write!(
        out,
        "  // Read by createClient, so that its own type parameters need not name the version.\n  \
         __InternalSupabase: {{\n    PostgrestVersion: \"{POSTGREST_VERSION}\"\n  }}\n",
    );
    for schema in &catalog.schemas {
        property(schema, schema_type(catalog, to_one, schema)).write(&mut out, 1);
    }
    out.push_str("}\n\n");
    out.push_str(HELPERS);
    constants(&mut out, catalog);
    out
}

fn schema_type(catalog: &Catalog, to_one: &[ToOne], schema: &str) -> Node {
    let parts = [
        ("Tables", relations::tables(catalog, to_one, schema)),
        ("Views", relations::views(catalog, to_one, schema)),
        ("Functions", functions::functions(catalog, schema)),
        ("Enums", enums(catalog, schema)),
        ("CompositeTypes", relations::composites(catalog, schema)),
    ];
    object(
        parts
            .into_iter()
            .map(|(name, members)| property(name, or_empty(members)))
            .collect(),
    )
}

/// A type without members, as the CLI writes it.
fn or_empty(members: Vec<Node>) -> Node {
    match members.is_empty() {
        true => Node::Block(vec![Node::Text("[_ in never]: never".into())]),
        false => object(members),
    }
}

fn enums(catalog: &Catalog, schema: &str) -> Vec<Node> {
    catalog
        .enums(schema)
        .map(|(name, labels)| {
            property(
                name,
                Node::Union(
                    labels
                        .iter()
                        .map(|label| Node::Text(types::quoted(label)))
                        .collect(),
                ),
            )
        })
        .collect()
}

/// The labels of the enums as values.
fn constants(out: &mut String, catalog: &Catalog) {
    out.push_str("export const Constants = {\n");
    for schema in &catalog.schemas {
        let enums: Vec<_> = catalog.enums(schema).collect();
        let _ = writeln!(out, "  {}: {{", types::key(schema));
        if enums.is_empty() {
            out.push_str("    Enums: {},\n  },\n");
            continue;
        }
        out.push_str("    Enums: {\n");
        for (name, labels) in enums {
            let labels: Vec<_> = labels.iter().map(|label| types::quoted(label)).collect();
            let line = format!("      {}: [{}],", types::key(name), labels.join(", "));
            if line.chars().count() <= layout::WIDTH {
                let _ = writeln!(out, "{line}");
                continue;
            }
            let _ = writeln!(out, "      {}: [", types::key(name));
            for label in labels {
                let _ = writeln!(out, "        {label},");
            }
            out.push_str("      ],\n");
        }
        out.push_str("    },\n  },\n");
    }
    out.push_str("} as const\n");
}
