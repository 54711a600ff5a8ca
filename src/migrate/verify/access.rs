//! Access, as the real roles with real claims: every relation × role × verb is tried on a row.
//!
//! In: a migrated database. Out: one check per relation. A row is copied under a new id, so that nothing
//! hangs on it and deleting it costs nothing; each trial is rolled back. Where a relation is empty, or its
//! rows cannot be copied and are expensive to delete, grants and policies are read instead.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use tokio_postgres::Client;

use super::access_table::{AccessRow, access_table};
use super::outcome::Severity::{Critical, Medium};
use super::outcome::{Category, Check};
use super::own::Own;
use super::own_rules::{Aside, Next, is_own, own_rules};
use super::rule;
use super::trial::{Account, Attempt, Refusal, Trial, free_id};
use crate::migrate::Fault;
use crate::pg::ident::{quote_ident, quote_literal};
use crate::pg::migrations::Baseline;

const COLUMNS: &str = include_str!("sql/columns.sql");
const GRANTED: &str = include_str!("sql/granted.sql");

const ROLES: [&str; 3] = ["anon", "authenticated", "service_role"];
const VERBS: [(&str, char); 4] = [
    ("select", 's'),
    ("insert", 'i'),
    ("update", 'u'),
    ("delete", 'd'),
];
/// Deleting an old row of one of these takes others along.
const EXPENSIVE: [&str; 2] = ["public.sales", "public.configuration"];

/// Relations whose columns decide between open and archived.
const ARCHIVING: [&str; 2] = ["public.opportunities", "public.deals"];

pub(super) async fn check(
    client: &Client,
    baseline: Baseline,
    own: &Own,
) -> Result<Category, Fault> {
    let account = Account::real(client).await?;
    let columns = writable_columns(client).await?;
    let mut all_aside = Aside::default();
    let mut checks = vec![];
    for wanted in access_table(baseline) {
        let none = vec![];
        let writable = columns.get(wanted.relation).unwrap_or(&none);
        let mut aside = Aside::default();
        loop {
            let (check, refusals) = relation(client, wanted, writable, &account, &aside).await?;
            if !check.counts_against() || settled(own, &mut aside, &refusals) {
                checks.push(judged(check, own, &refusals));
                break;
            }
        }
        all_aside.add(aside);
    }
    for relation in ARCHIVING {
        let mut aside = Aside::default();
        loop {
            let (check, refusals) = archive(client, relation, &account, &aside).await?;
            if settled(own, &mut aside, &refusals) {
                checks.push(judged(check, own, &refusals));
                break;
            }
        }
        all_aside.add(aside);
    }
    if !all_aside.is_empty() {
        checks.push(own_rules("access", &all_aside));
    }
    Ok(Category::new("access", "Access as the real roles", checks))
}

/// Whether trying again would find the same.
fn settled(own: &Own, aside: &mut Aside, refusals: &[Refusal]) -> bool {
    aside.after_all(own, refusals.iter()) != Next::Again
}

/// Where a rule of the site refused and could not be set aside, nothing is known.
fn judged(check: Check, own: &Own, refusals: &[Refusal]) -> Check {
    match refusals.iter().find(|refusal| is_own(own, refusal)) {
        Some(refusal) if check.counts_against() => {
            Check::not_evaluated(&check.id, &check.title, Medium, refusal.words())
        }
        _ => check,
    }
}

async fn writable_columns(client: &Client) -> Result<BTreeMap<String, Vec<String>>, Fault> {
    let rows = client.query(COLUMNS, &[]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

async fn relation(
    client: &Client,
    wanted: &AccessRow,
    writable: &[String],
    account: &Account,
    aside: &Aside,
) -> Result<(Check, Vec<Refusal>), Fault> {
    let id = format!("access.{}", wanted.relation);
    let title = format!("{}: who may read and write", wanted.relation);
    let row = match sample(client, wanted.relation).await? {
        Ok(row) => row,
        Err(why) => return Ok((Check::not_evaluated(&id, &title, Critical, why), vec![])),
    };
    let expected = [wanted.anon, wanted.authenticated, wanted.service_role];
    let mut found = vec![];
    let mut surprises = BTreeSet::new();
    let mut refusals = vec![];
    for (role, expected) in ROLES.into_iter().zip(expected) {
        let subject = Subject {
            relation: wanted.relation,
            role,
            writable,
            row: row.as_ref(),
            aside,
        };
        let (mut letters, why) = subject.letters(client, account).await?;
        if role == "service_role" {
            // Hosted projects grant the server everything on every view.
            letters = letters
                .chars()
                .zip(expected.chars())
                .map(|(found, expected)| if expected == '-' { '-' } else { found })
                .collect();
        }
        if letters != expected {
            surprises.extend(why.iter().map(|why| format!("{role}: {}", why.words())));
            refusals.extend(why);
        }
        found.push(format!("{role} {letters}"));
    }
    let expected: Vec<String> = ROLES
        .iter()
        .zip(expected)
        .map(|(role, letters)| format!("{role} {letters}"))
        .collect();
    let mut check = Check::compared(&id, &title, Critical, expected.join(", "), found.join(", "));
    if check.counts_against() && !surprises.is_empty() {
        let surprises: Vec<String> = surprises.into_iter().collect();
        check = check.detail(surprises.join("; "));
    }
    Ok((check, refusals))
}

/// One row as JSON; none when the relation is empty.
async fn sample(client: &Client, relation: &str) -> Result<Result<Option<Value>, String>, Fault> {
    rule::begin(client, "").await?;
    // "t.*" is the row whatever its columns are called; a bare "t" would be a column of that name.
    let sql = format!("select to_json(t.*) from {relation} t limit 1");
    let asked = rule::try_query(client, &sql, &[]).await?;
    rule::rollback(client).await?;
    Ok(match asked {
        Ok(rows) => Ok(rows.first().and_then(|row| row.get(0))),
        Err(error) => Err(Fault::from(error).to_string()),
    })
}

/// A relation, a role, and the row to try on.
struct Subject<'a> {
    relation: &'a str,
    role: &'a str,
    writable: &'a [String],
    row: Option<&'a Value>,
    aside: &'a Aside,
}

impl Subject<'_> {
    async fn letters(
        &self,
        client: &Client,
        account: &Account,
    ) -> Result<(String, Vec<Refusal>), Fault> {
        let granted = self.granted(client).await?;
        let Some(row) = self.row else {
            return Ok((granted, vec![]));
        };
        if self.writable.is_empty() {
            // No verb but select can succeed; whether the others are granted does not matter.
            let seen = self.try_verbs(client, account, row, &granted, true).await?;
            return Ok((format!("{}---", &seen.0[..1]), seen.1));
        }
        self.try_verbs(client, account, row, &granted, false).await
    }

    /// What grants and policies say.
    async fn granted(&self, client: &Client) -> Result<String, Fault> {
        let mut letters = String::new();
        for (verb, letter) in VERBS {
            let may: bool = client
                .query_one(GRANTED, &[&self.role, &self.relation, &verb])
                .await?
                .get(0);
            let is_possible = verb == "select" || !self.writable.is_empty();
            letters.push(if may && is_possible { letter } else { '-' });
        }
        Ok(letters)
    }

    async fn try_verbs(
        &self,
        client: &Client,
        account: &Account,
        row: &Value,
        granted: &str,
        only_read: bool,
    ) -> Result<(String, Vec<Refusal>), Fault> {
        let mut why = vec![];
        let trial = Trial::begin(client).await?;
        let copied = copied(client, self.relation, row).await?;
        self.aside.set(&trial).await?;
        if let Attempt::Refused(refusal) = trial.become_role(self.role, account).await? {
            trial.end().await?;
            return Ok(("????".into(), vec![*refusal]));
        }
        let read = format!("select from {} limit 1", self.relation);
        let mut letters = String::from(letter('s', trial.run(&read).await?, &mut why));
        if !only_read {
            let inserted = trial.run(&self.insert(&copied)).await?;
            let is_fresh = matches!(inserted, Attempt::Rows(1));
            letters.push(letter('i', inserted, &mut why));
            let key = self.key(if is_fresh { &copied } else { row });
            letters.push(letter('u', trial.run(&self.update(&key)).await?, &mut why));
            if is_fresh || !EXPENSIVE.contains(&self.relation) {
                let delete = format!("delete from {} where {key}", self.relation);
                letters.push(letter('d', trial.run(&delete).await?, &mut why));
            } else {
                letters.push_str(&granted[3..]);
            }
        }
        trial.end().await?;
        Ok((letters, why))
    }

    fn insert(&self, row: &Value) -> String {
        let (relation, text) = (self.relation, quote_literal(&row.to_string()));
        let columns: Vec<String> = self.writable.iter().map(|c| quote_ident(c)).collect();
        let columns = columns.join(", ");
        format!(
            "insert into {relation} ({columns}) \
             select {columns} from json_populate_record(null::{relation}, {text}::json)"
        )
    }

    /// The condition that finds the row: its id, else the first column that has a value.
    fn key(&self, row: &Value) -> String {
        let column = if row.get("id").is_some() {
            "id"
        } else {
            let has_value =
                |column: &&String| row.get(column.as_str()).is_some_and(|v| !v.is_null());
            self.writable
                .iter()
                .find(has_value)
                .map_or("id", String::as_str)
        };
        let value = match row.get(column) {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        };
        format!("{} = {}", quote_ident(column), quote_literal(&value))
    }

    fn update(&self, key: &str) -> String {
        let column = self.writable.last().map_or("id", String::as_str);
        let column = quote_ident(column);
        format!(
            "update {} set {column} = {column} where {key}",
            self.relation
        )
    }
}

/// The row under an id that nobody has. Pictures are filled in, so that no trigger looks for them.
async fn copied(client: &Client, relation: &str, row: &Value) -> Result<Value, Fault> {
    let mut copy = row.clone();
    for column in ["avatar", "logo"] {
        if copy.get(column).is_some_and(Value::is_null) {
            copy[column] = json!({ "src": "" });
        }
    }
    if copy.get("id").is_some_and(Value::is_number) {
        let free = format!("select {}::bigint", free_id(relation));
        let free: i64 = client.query_one(&free, &[]).await?.get(0);
        copy["id"] = json!(free);
    }
    Ok(copy)
}

fn letter(verb: char, attempt: Attempt, why: &mut Vec<Refusal>) -> char {
    match attempt {
        Attempt::Rows(0) => '-',
        Attempt::Rows(_) => verb,
        Attempt::Refused(refusal) => match refusal.code.as_str() {
            // Granted, and stopped by the rows that are there: policies are asked before constraints.
            "23505" | "23503" | "23001" | "23514" | "23P01" => verb,
            // Not granted, refused by a policy, or a view that cannot be written at all.
            "42501" | "55000" | "0A000" => {
                why.push(*refusal);
                '-'
            }
            _ => {
                why.push(*refusal);
                '!'
            }
        },
    }
}

/// Archives a row and takes it back, as a user does.
async fn archive(
    client: &Client,
    relation: &str,
    account: &Account,
    aside: &Aside,
) -> Result<(Check, Vec<Refusal>), Fault> {
    let id = format!("access.{relation}.archive");
    let title = format!("{relation}: a user archives and unarchives");
    let trial = Trial::begin(client).await?;
    aside.set(&trial).await?;
    trial.become_role("authenticated", account).await?;
    let one = format!("(select max(id) from {relation})");
    let mut wrong = vec![];
    for value in ["now()", "null"] {
        let sql = format!("update {relation} set archived_at = {value} where id = {one}");
        match trial.run(&sql).await? {
            Attempt::Rows(_) => {}
            Attempt::Refused(refusal) => wrong.push(*refusal),
        }
    }
    trial.end().await?;
    let failed = i64::try_from(wrong.len()).unwrap_or(i64::MAX);
    let words = wrong.iter().map(Refusal::words).collect();
    Ok((Check::counted(&id, &title, Critical, failed, words), wrong))
}
