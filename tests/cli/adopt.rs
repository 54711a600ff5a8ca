//! `oppbase db adopt`: says what it adds, adds it once, leaves everything else alone.

use super::{Finished, finish, oppbase};
use crate::common::{Template, TestDb, db};

fn adopt(uri: &str, arguments: &[&str]) -> Finished {
    finish(
        oppbase()
            .args(["db", "adopt"])
            .args(arguments)
            .env("OPPBASE_DB_URI", uri)
            .env("OPPBASE_DB_ADMIN_URI", uri),
    )
}

fn sql(uri: &str, text: &str) {
    db::block_on(db::execute(uri.into(), text.into()));
}

fn database() -> TestDb {
    db::block_on(TestDb::new(Template::Empty))
}

/// A part of an older project: users with a trigger, no storage, no stand-ins.
const OLDER: &str = "
create schema auth;
create table auth.users (
  instance_id uuid, id uuid primary key, aud varchar(255), role varchar(255), email varchar(255),
  encrypted_password varchar(255), email_confirmed_at timestamptz, invited_at timestamptz,
  confirmation_token varchar(255), confirmation_sent_at timestamptz, recovery_token varchar(255),
  recovery_sent_at timestamptz, email_change_token_new varchar(255), email_change varchar(255),
  email_change_sent_at timestamptz, last_sign_in_at timestamptz, raw_app_meta_data jsonb,
  raw_user_meta_data jsonb, is_super_admin boolean, created_at timestamptz, updated_at timestamptz,
  phone text unique default null, phone_confirmed_at timestamptz, phone_change text default '',
  phone_change_token varchar(255) default '', phone_change_sent_at timestamptz,
  confirmed_at timestamptz generated always as (least(email_confirmed_at, phone_confirmed_at)) stored,
  email_change_token_current varchar(255) default '', email_change_confirm_status smallint default 0,
  banned_until timestamptz, reauthentication_token varchar(255) default '',
  reauthentication_sent_at timestamptz, is_sso_user boolean not null default false,
  deleted_at timestamptz, is_anonymous boolean not null default false);
create table auth.schema_migrations (version varchar(255) primary key);
insert into auth.schema_migrations values ('20240101000000'), ('20250101000000');
insert into auth.users (id, email, encrypted_password, email_confirmed_at) values
  (gen_random_uuid(), 'a@b.c', '$2a$10$abcdefghijklmnopqrstuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu', now()),
  (gen_random_uuid(), 'd@e.f', 'scrypt:x', null);
create table public.deals (id bigint primary key);
create function public.on_user() returns trigger language plpgsql as 'begin return new; end';
create trigger on_user after insert on auth.users for each row execute function public.on_user();
";

#[test]
fn a_dry_run_says_the_same_and_changes_nothing() {
    // Roles belong to the cluster; another test's template would add them in between.
    drop(db::block_on(TestDb::new(Template::Fork)));
    let database = database();
    sql(&database.admin, OLDER);
    let dry = adopt(&database.admin, &["--dry-run"]);
    assert_eq!(dry.code, Some(0), "{}", dry.stderr);
    for line in [
        "auth schema version: 20250101000000",
        "users: 2 (1 unconfirmed, 0 banned)",
        "passwords that cannot be checked: 1: these users reset theirs",
        "triggers on auth.users: on_user",
        "application: a CRM with deals",
        "would add: table auth.sessions",
        "would add: schema storage",
        "would add: function net.http_post(text,jsonb,jsonb,jsonb,integer)",
    ] {
        assert!(dry.stdout.contains(line), "{line} in {}", dry.stdout);
    }
    assert!(
        !dry.stdout.contains("table auth.users\n"),
        "it is there already"
    );
    let again = adopt(&database.admin, &["--dry-run"]);
    assert_eq!(again.stdout, dry.stdout, "nothing was changed");

    let real = adopt(&database.admin, &[]);
    assert_eq!(real.code, Some(0), "{}", real.stderr);
    assert_eq!(real.stdout, dry.stdout.replace("would add", "added"));
    let second = adopt(&database.admin, &[]);
    assert!(
        second.stdout.ends_with("nothing to add\n"),
        "{}",
        second.stdout
    );
    // The application's own things are as they were.
    sql(
        &database.admin,
        "do $$ begin assert (select count(*) from auth.users) = 2; end $$",
    );
}

#[test]
fn a_database_that_is_too_old_is_refused_with_what_it_lacks() {
    let database = database();
    sql(&database.admin, OLDER);
    sql(
        &database.admin,
        "alter table auth.users drop column is_anonymous, drop column deleted_at",
    );
    let refused = adopt(&database.admin, &[]);
    assert_eq!(refused.code, Some(10), "{}", refused.stderr);
    assert_eq!(
        refused.stdout,
        "missing: auth.users.deleted_at\nmissing: auth.users.is_anonymous\n"
    );
    sql(
        &database.admin,
        "do $$ begin assert to_regnamespace('storage') is null; end $$",
    );
}

#[test]
fn our_own_database_needs_nothing() {
    let database = db::block_on(TestDb::new(Template::Fork));
    let report = adopt(&database.admin, &[]);
    assert_eq!(report.code, Some(0), "{}", report.stderr);
    assert!(
        report.stdout.ends_with("nothing to add\n"),
        "{}",
        report.stdout
    );
    assert!(
        report
            .stdout
            .contains("application: the CRM with opportunities")
    );
}
