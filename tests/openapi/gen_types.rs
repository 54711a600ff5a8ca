//! `oppbase gen types typescript`.

use crate::cli::{finish, oppbase};
use crate::common::{Template, TestDb};

#[tokio::test]
async fn the_types_of_the_crm() {
    let db = TestDb::new(Template::Fork).await;
    let uri = db.admin.clone();
    let printed = tokio::task::spawn_blocking(move || {
        finish(oppbase().args(["gen", "types", "typescript", "--db-url", &uri]))
    })
    .await
    .unwrap();
    assert_eq!(printed.code, Some(0), "{}", printed.stderr);
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/clients/database.types.ts"
    );
    if std::env::var_os("OPPBASE_BLESS").is_some() {
        std::fs::write(path, &printed.stdout).unwrap();
    }
    let checked_in = std::fs::read_to_string(path).unwrap();
    assert!(
        checked_in == printed.stdout,
        "tests/clients/database.types.ts is stale: run `make generate` and commit the result"
    );
}

/// What the CRM's schema has none of.
const ODDITIES: &str = r#"
    create schema "odd one";
    create type "odd one".mood as enum ('so-so', 'it''s "fine"');
    create type "odd one".point as (x integer, y double precision);
    create domain "odd one".percent as smallint check (value between 0 and 100);
    create table "odd one".things (
      id bigint generated always as identity primary key,
      "class name" text not null, mood "odd one".mood, moods "odd one".mood[], place "odd one".point,
      share "odd one".percent not null, doubled integer generated always as (1 + 1) stored,
      parent bigint unique references "odd one".things, data jsonb not null default '{}', span int4range);
    create view "odd one".listed as select id, "class name", upper("class name") as loud from "odd one".things;
    create function "odd one".label(thing "odd one".things) returns text language sql as $$ select 'x' $$;
    create function "odd one".children(thing "odd one".things) returns setof "odd one".things language sql as $$ select null::"odd one".things $$;
    create function "odd one".twice(a integer) returns integer language sql as $$ select 1 $$;
    create function "odd one".twice(a text, b text default '') returns text language sql as $$ select '' $$;
    create function "odd one".nothing() returns void language sql as $$ select $$;
    create function "odd one".pairs(out a integer, out b text) returns setof record language sql as $$ select 1, '' $$;
"#;

#[tokio::test]
async fn names_types_and_functions_of_every_kind() {
    let db = TestDb::new(Template::Empty).await;
    db.batch(ODDITIES).await;
    let uri = db.admin.clone();
    let printed = tokio::task::spawn_blocking(move || {
        let schema = ["gen", "types", "--schema", "odd one", "--db-url", &uri];
        let missing = ["gen", "types", "--schema", "nowhere", "--db-url", &uri];
        (
            finish(oppbase().args(schema)),
            finish(oppbase().args(missing)),
        )
    })
    .await
    .unwrap();
    assert_eq!(printed.0.code, Some(0), "{}", printed.0.stderr);
    let (types, _) = printed
        .0
        .stdout
        .split_once("type DatabaseWithoutInternals")
        .unwrap();
    insta::assert_snapshot!(types);
    assert_eq!(printed.1.code, Some(2));
    assert!(
        printed.1.stderr.contains("there is no schema \"nowhere\""),
        "{}",
        printed.1.stderr
    );
}
