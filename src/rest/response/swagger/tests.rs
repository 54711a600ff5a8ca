//! The document of a small schema, checked against what clients read in it.

use std::collections::HashMap;
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::json;

use super::types::default_value;
use super::*;
use crate::schema_cache::relationship::{Cardinality, Relationship};
use crate::schema_cache::routine::{PgType, ReturnType, RoutineParam, Volatility};
use crate::schema_cache::table::Column;

fn qi(name: &str) -> QualifiedIdentifier {
    QualifiedIdentifier::new("api", name)
}

fn column(name: &str, data_type: &str) -> Column {
    Column {
        name: name.into(),
        description: None,
        nullable: true,
        data_type: data_type.into(),
        nominal_type: data_type.into(),
        max_length: None,
        default: None,
        enum_values: vec![],
    }
}

fn table(name: &str, columns: Vec<Column>) -> (QualifiedIdentifier, Arc<Table>) {
    let table = Table {
        schema: "api".into(),
        name: name.into(),
        description: None,
        is_view: false,
        insertable: true,
        updatable: true,
        deletable: true,
        primary_key: vec!["id".into()],
        columns: columns
            .into_iter()
            .map(|c| (c.name.clone(), c))
            .collect::<IndexMap<_, _>>(),
    };
    (qi(name), Arc::new(table))
}

fn to_clients(foreign_table: &str, foreign_table_is_view: bool) -> Relationship {
    Relationship::ForeignKey {
        table: qi("projects"),
        foreign_table: qi(foreign_table),
        is_self: false,
        cardinality: Cardinality::ManyToOne {
            constraint: "fk".into(),
            columns: vec![("client_id".into(), "id".into())],
        },
        table_is_view: false,
        foreign_table_is_view,
    }
}

fn routine(name: &str, volatility: Volatility, params: Vec<RoutineParam>) -> Routine {
    Routine {
        schema: "api".into(),
        name: name.into(),
        description: Some("Adds\n\nTwo numbers\nor three".into()),
        params,
        return_type: ReturnType::Single(PgType::Scalar(QualifiedIdentifier::new(
            "pg_catalog",
            "int4",
        ))),
        volatility,
        has_variadic: false,
        isolation_level: None,
        settings: vec![],
    }
}

fn param(name: &str, data_type: &str, required: bool, variadic: bool) -> RoutineParam {
    RoutineParam {
        name: name.into(),
        data_type: data_type.into(),
        cast_type: data_type.into(),
        required,
        variadic,
    }
}

fn cache() -> SchemaCache {
    let id = Column {
        description: Some("Number".into()),
        nullable: false,
        default: Some("nextval('api.s'::regclass)".into()),
        ..column("id", "bigint")
    };
    let status = Column {
        default: Some("'open'::api.status".into()),
        enum_values: vec!["open".into(), "done".into()],
        ..column("status", "api.status")
    };
    let code = Column {
        max_length: Some(3),
        ..column("code", "character varying")
    };
    let mut clients = table("clients", vec![column("id", "integer")]);
    let writable = Arc::make_mut(&mut clients.1);
    writable.insertable = false;
    writable.updatable = false;
    writable.deletable = false;
    writable.description = Some("Clients".into());
    SchemaCache {
        tables: HashMap::from([
            table(
                "projects",
                vec![
                    id,
                    column("client_id", "integer"),
                    status,
                    code,
                    column("tags", "text[]"),
                    column("extra", "jsonb"),
                ],
            ),
            clients,
            (
                QualifiedIdentifier::new("other", "hidden"),
                table("hidden", vec![]).1,
            ),
        ])
        .into(),
        relationships: HashMap::from([(
            (qi("projects"), "api".to_owned()),
            vec![to_clients("a_view", true), to_clients("clients", false)],
        )])
        .into(),
        routines: HashMap::from([
            (
                qi("add"),
                vec![
                    routine("add", Volatility::Stable, vec![]),
                    routine(
                        "add",
                        Volatility::Stable,
                        vec![
                            param("a", "integer", true, false),
                            param("b", "integer[]", false, false),
                            param("c", "integer[]", false, true),
                        ],
                    ),
                ],
            ),
            (
                qi("reset"),
                vec![routine("reset", Volatility::Volatile, vec![])],
            ),
        ])
        .into(),
        ..SchemaCache::default()
    }
}

fn full() -> Value {
    document(
        "api",
        None,
        &RestConfig::default(),
        &ServerConfig::default(),
        &cache(),
    )
}

#[test]
fn keys_types_and_defaults_of_columns() {
    let document = full();
    let definition = &document["definitions"]["projects"];
    assert_eq!(definition["required"], json!(["id"]));
    assert_eq!(
        definition["properties"],
        json!({
            "id": {
                "format": "int64",
                "type": "integer",
                "description": "Number\n\nNote:\nThis is a Primary Key.<pk/>"
            },
            "client_id": {
                "format": "int32",
                "type": "integer",
                "description": "Note:\nThis is a Foreign Key to `clients.id`.<fk table='clients' column='id'/>"
            },
            "status": {
                "format": "api.status", "type": "string", "default": "open", "enum": ["open", "done"]
            },
            "code": {"format": "character varying", "type": "string", "maxLength": 3},
            "tags": {"format": "text[]", "type": "array", "items": {"type": "string"}},
            "extra": {"format": "jsonb"}
        })
    );
}

#[test]
fn defaults_are_constants_or_text() {
    assert_eq!(default_value("integer", "42"), Some(json!(42)));
    assert_eq!(default_value("numeric", "42.2"), Some(json!(42.2)));
    assert_eq!(default_value("boolean", "false"), Some(json!(false)));
    assert_eq!(default_value("bigint", "nextval('s'::regclass)"), None);
    assert_eq!(default_value("text", "'a'::text"), Some(json!("a")));
    assert_eq!(
        default_value("date", "'1900-01-01'::date"),
        Some(json!("1900-01-01"))
    );
    assert_eq!(
        default_value("timestamp with time zone", "now()"),
        Some(json!("now()"))
    );
    assert_eq!(default_value("text", "'\"'::text"), None);
    assert_eq!(default_value("jsonb", "'{}'::jsonb"), None);
}

#[test]
fn only_relations_that_can_be_written_offer_it() {
    let document = full();
    let methods = |path: &str| -> Vec<String> {
        let item = document["paths"][path].as_object();
        item.into_iter().flat_map(|m| m.keys().cloned()).collect()
    };
    assert_eq!(methods("/"), ["get"]);
    assert_eq!(methods("/clients"), ["get"]);
    assert_eq!(methods("/projects"), ["get", "post", "delete", "patch"]);
    assert_eq!(methods("/rpc/add"), ["get", "post"]);
    assert_eq!(methods("/rpc/reset"), ["post"]);
    assert!(methods("/hidden").is_empty());
    assert_eq!(document["paths"]["/clients"]["get"]["summary"], "Clients");
    assert_eq!(
        document["paths"]["/clients"]["get"]["responses"]["200"]["schema"],
        json!({"type": "array", "items": {"$ref": "#/definitions/clients"}})
    );
}

#[test]
fn every_reference_leads_somewhere() {
    fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(map) => {
                found.extend(map.get("$ref").and_then(Value::as_str));
                map.values().for_each(|v| references(v, found));
            }
            Value::Array(list) => list.iter().for_each(|v| references(v, found)),
            _ => {}
        }
    }
    let document = full();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 20);
    for reference in found {
        assert!(document.pointer(&reference[1..]).is_some(), "{reference}");
    }
}

#[test]
fn arguments_of_routines() {
    let document = full();
    let add = &document["paths"]["/rpc/add"];
    assert_eq!(add["get"]["summary"], "Adds");
    assert_eq!(add["get"]["description"], "Two numbers\nor three");
    assert_eq!(add["get"]["tags"], json!(["(rpc) add"]));
    assert_eq!(
        add["get"]["parameters"],
        json!([
            {"name": "a", "required": true, "in": "query", "format": "int32", "type": "integer"},
            {"name": "b", "required": false, "in": "query", "format": "integer[]", "type": "string"},
            {
                "name": "c", "required": false, "in": "query", "type": "array",
                "collectionFormat": "multi", "items": {"format": "int32", "type": "integer"}
            }
        ])
    );
    assert_eq!(
        add["post"]["parameters"][0]["schema"],
        json!({
            "type": "object",
            "description": "Adds\n\nTwo numbers\nor three",
            "required": ["a"],
            "properties": {
                "a": {"format": "int32", "type": "integer"},
                "b": {"format": "integer[]", "type": "array", "items": {"type": "integer"}},
                "c": {"format": "integer[]", "type": "array", "items": {"type": "integer"}}
            }
        })
    );
    let reset = &document["paths"]["/rpc/reset"]["post"]["parameters"];
    assert_eq!(reset[0]["schema"]["required"], Value::Null);
    assert_eq!(reset[1], json!({"$ref": "#/parameters/preferParams"}));
}

#[test]
fn only_what_the_role_may_use_is_described() {
    let accessible = Accessible {
        tables: vec![qi("clients")],
        routines: vec![],
        schema_description: Some("Title\n\nText".into()),
    };
    let mut config = RestConfig::default();
    let server = ServerConfig::default();
    let document_of =
        |config: &RestConfig| document("api", Some(&accessible), config, &server, &cache());
    let shown = document_of(&config);
    assert_eq!(shown["paths"]["/projects"], Value::Null);
    assert_eq!(shown["paths"]["/rpc/add"], Value::Null);
    assert_eq!(shown["info"]["title"], "Title");
    assert_eq!(shown["info"]["description"], "Text");
    assert_eq!(shown.get("security"), None);

    config.openapi_mode = OpenApiMode::IgnorePrivileges;
    config.openapi_security_active = true;
    let shown = document_of(&config);
    assert!(shown["paths"]["/projects"].is_object());
    assert!(shown["paths"]["/rpc/add"].is_object());
    assert_eq!(shown["info"]["title"], "Title");
    assert_eq!(shown["security"], json!([{"JWT": []}]));
}
