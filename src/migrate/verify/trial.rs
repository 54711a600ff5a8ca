//! Things that have to be tried out: as a real role with real claims, in a transaction that is rolled back.
//!
//! In: a role and SQL. Out: rows reached, or PostgreSQL's refusal. The account is an administrator, because
//! policies ask who it is: a real one, or where there is none one that the trial makes and takes back.

use tokio_postgres::Client;
use tokio_postgres::error::DbError;

use super::rule;
use crate::migrate::Fault;

/// The account that a trial is made as: its claims as JSON.
#[derive(Debug, Clone)]
pub(in crate::migrate) struct Account {
    claims: String,
    /// Nobody is an administrator, so the trial makes one.
    is_made: bool,
}

const ACCOUNT: &str = "\
    select s.user_id::text, u.email, s.administrator from public.sales s left join auth.users u on u.id = s.user_id \
     where not s.disabled order by s.administrator desc, s.id limit 1";

/// Id of the account that a trial makes; nobody has it.
const MADE: &str = "00000000-0000-4000-8000-000000facade";

impl Account {
    /// The first administrator who may sign in, else one that the trials make for themselves.
    pub(in crate::migrate) async fn real(client: &Client) -> Result<Self, Fault> {
        let row = client.query_opt(ACCOUNT, &[]).await?;
        let administrator = row.filter(|row| row.get::<_, bool>(2));
        let is_made = administrator.is_none();
        let (id, email) = administrator.map_or_else(
            || (MADE.to_owned(), None),
            |row| (row.get(0), row.get::<_, Option<String>>(1)),
        );
        let claims = serde_json::json!({
            "role": "authenticated", "aud": "authenticated", "sub": id, "email": email
        });
        Ok(Self {
            claims: claims.to_string(),
            is_made,
        })
    }
}

/// Programs of a site may find what they name where the database's own search path has it.
const OWN_PATH: &str = "\
    select set_config('search_path', concat_ws(', ', current_setting('search_path'), nullif(reset_val, '')), true) \
      from pg_catalog.pg_settings where name = 'search_path'";

const FREE_ID: &str = include_str!("sql/free_id.sql");

/// Relations in which trials make rows.
const MADE_IN: &[&str] = &[
    "public.companies",
    "public.contacts",
    "public.opportunities",
    "public.activities",
    "public.contact_notes",
    "public.\"opportunityNotes\"",
    "public.tags",
];

/// An expression: an id of the relation that nobody has, with some more behind it that nobody has either, and far
/// from what a sequence hands out next.
pub(in crate::migrate) fn free_id(relation: &str) -> String {
    FREE_ID.trim().replace("{relation}", relation)
}

/// Puts [`free_id`] in the place of `{free public.companies}` and so on.
pub(in crate::migrate) fn with_free_ids(sql: &str) -> String {
    MADE_IN.iter().fold(sql.to_owned(), |sql, relation| {
        let mark = format!("{{free {relation}}}");
        if sql.contains(&mark) {
            sql.replace(&mark, &free_id(relation))
        } else {
            sql
        }
    })
}

/// What came of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::migrate) enum Attempt {
    /// It ran and reached this many rows.
    Rows(u64),
    /// PostgreSQL refused.
    Refused(Box<Refusal>),
}

/// PostgreSQL's words, and what it names as the one that refused.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::migrate) struct Refusal {
    /// SQLSTATE.
    pub code: String,
    pub message: String,
    /// A table of schema public.
    pub table: Option<String>,
    pub column: Option<String>,
    pub constraint: Option<String>,
    /// A domain.
    pub data_type: Option<String>,
    /// Not PostgreSQL's own: `raise` in a function.
    pub is_raised: bool,
}

impl Refusal {
    fn of(error: &DbError) -> Self {
        let owned = |part: Option<&str>| part.map(str::to_owned);
        let table = error.table().filter(|_| error.schema() == Some("public"));
        Self {
            code: error.code().code().into(),
            message: error.message().into(),
            table: owned(table),
            column: owned(error.column()),
            constraint: owned(error.constraint()),
            data_type: owned(error.datatype()),
            is_raised: error.routine() == Some("exec_stmt_raise"),
        }
    }

    /// The message, and the SQLSTATE where it was PostgreSQL's own.
    pub(in crate::migrate) fn words(&self) -> String {
        match self.code.as_str() {
            "P0001" => self.message.clone(),
            code => format!("{} ({code})", self.message),
        }
    }
}

/// An open transaction of a trial.
#[derive(Debug)]
pub(in crate::migrate) struct Trial<'a> {
    client: &'a Client,
}

impl<'a> Trial<'a> {
    /// Begins as the owner.
    pub(in crate::migrate) async fn begin(client: &'a Client) -> Result<Self, Fault> {
        rule::begin(client, "").await?;
        client.execute(OWN_PATH, &[]).await?;
        Ok(Self { client })
    }

    /// From now on the statements are the role's. A role that may not be taken on is a refusal.
    pub(in crate::migrate) async fn become_role(
        &self,
        role: &str,
        account: &Account,
    ) -> Result<Attempt, Fault> {
        let claims = if role == "authenticated" {
            if account.is_made {
                self.make_administrator().await?;
            }
            account.claims.clone()
        } else {
            serde_json::json!({ "role": role }).to_string()
        };
        self.client
            .execute(
                "select set_config('request.jwt.claims', $1, true), \
                        set_config('request.jwt.claim.sub', coalesce($1::jsonb ->> 'sub', ''), true)",
                &[&claims],
            )
            .await?;
        // One of three constants.
        self.run(&format!("set local role {role}")).await
    }

    /// Makes the account and its row in sales. Where that is refused, the trial shows what is missing.
    async fn make_administrator(&self) -> Result<(), Fault> {
        let account = format!(
            "insert into auth.users (id, email) values ('{MADE}', 'verification@example.invalid') on conflict do nothing"
        );
        self.run(&account).await?;
        // A trigger may have made the row already.
        let person = format!(
            "insert into public.sales (id, first_name, last_name, email, user_id, administrator) \
             values ({}, 'Verification', 'Verification', 'verification@example.invalid', '{MADE}', true) \
             on conflict (user_id) do update set administrator = true, disabled = false",
            free_id("public.sales")
        );
        self.run(&person).await?;
        Ok(())
    }

    /// Runs one statement in a savepoint.
    pub(in crate::migrate) async fn run(&self, sql: &str) -> Result<Attempt, Fault> {
        self.client.batch_execute("savepoint tried").await?;
        match self.client.execute(sql, &[]).await {
            Ok(rows) => {
                self.client.batch_execute("release savepoint tried").await?;
                Ok(Attempt::Rows(rows))
            }
            Err(error) => {
                let Some(refusal) = error.as_db_error() else {
                    return Err(error.into());
                };
                let refused = Attempt::Refused(Box::new(Refusal::of(refusal)));
                self.client
                    .batch_execute("rollback to savepoint tried; release savepoint tried")
                    .await?;
                Ok(refused)
            }
        }
    }

    /// Ends it; nothing stays.
    pub(in crate::migrate) async fn end(self) -> Result<(), Fault> {
        rule::rollback(self.client).await
    }
}
