//! Things that have to be tried out: as a real role with real claims, in a transaction that is rolled back.
//!
//! In: a role and SQL. Out: rows reached, or PostgreSQL's refusal. The account is a real one, an
//! administrator where there is any, because policies ask who it is.

use tokio_postgres::Client;

use super::rule;
use crate::migrate::Fault;

/// The account that a trial is made as: its claims as JSON.
#[derive(Debug, Clone)]
pub(in crate::migrate) struct Account {
    claims: String,
}

const ACCOUNT: &str = "\
    select s.user_id::text, u.email from public.sales s left join auth.users u on u.id = s.user_id \
     where not s.disabled order by s.administrator desc, s.id limit 1";

impl Account {
    /// The first administrator, else the first account, else nobody in particular.
    pub(in crate::migrate) async fn real(client: &Client) -> Result<Self, Fault> {
        let row = client.query_opt(ACCOUNT, &[]).await?;
        let (id, email) = row.map_or_else(
            || ("00000000-0000-0000-0000-000000000000".to_owned(), None),
            |row| (row.get(0), row.get::<_, Option<String>>(1)),
        );
        let claims = serde_json::json!({
            "role": "authenticated", "aud": "authenticated", "sub": id, "email": email
        });
        Ok(Self {
            claims: claims.to_string(),
        })
    }
}

/// What came of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::migrate) enum Attempt {
    /// It ran and reached this many rows.
    Rows(u64),
    /// PostgreSQL refused: SQLSTATE and message.
    Refused(String, String),
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
        Ok(Self { client })
    }

    /// From now on the statements are the role's. A role that may not be taken on is a refusal.
    pub(in crate::migrate) async fn become_role(
        &self,
        role: &str,
        account: &Account,
    ) -> Result<Attempt, Fault> {
        let claims = if role == "authenticated" {
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
                let refused =
                    Attempt::Refused(refusal.code().code().into(), refusal.message().into());
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
