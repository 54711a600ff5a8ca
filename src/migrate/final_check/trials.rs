//! Items that are tried out as a signed-in user, and rolled back.

use tokio_postgres::Client;

use super::{Answer, Readiness};
use crate::migrate::Fault;
use crate::migrate::verify::rule;
use crate::migrate::verify::trial::{Account, Attempt, Trial, with_free_ids};

const OPPORTUNITY: &str = include_str!("sql/opportunity.sql");
const PRINCIPAL: &str = include_str!("sql/principal.sql");
const OLD_WORDS: &str = include_str!("sql/old_words.sql");

/// A test opportunity from its first stage to its last.
pub(super) async fn opportunity(client: &Client, account: &Account) -> Result<Answer, Fault> {
    block(
        client,
        account,
        OPPORTUNITY,
        "created as Qualified with 25 % and high priority, won with 100 %, rolled back",
    )
    .await
}

/// The trigger refuses.
pub(super) async fn principal(client: &Client, account: &Account) -> Result<Answer, Fault> {
    block(
        client,
        account,
        PRINCIPAL,
        "a customer was refused as a preferred principal",
    )
    .await
}

async fn block(
    client: &Client,
    account: &Account,
    sql: &str,
    proof: &str,
) -> Result<Answer, Fault> {
    let trial = Trial::begin(client).await?;
    let mut outcome = trial.become_role("authenticated", account).await?;
    if matches!(outcome, Attempt::Rows(_)) {
        outcome = trial.run(&with_free_ids(sql)).await?;
    }
    trial.end().await?;
    Ok(match outcome {
        Attempt::Rows(_) => (Readiness::Ready, proof.into()),
        Attempt::Refused(refusal) => (Readiness::NotReady, refusal.words()),
    })
}

/// A signed-in user reads as many opportunities as there are; before signing in nobody reads one.
pub(super) async fn row_security(client: &Client, account: &Account) -> Result<Answer, Fault> {
    let read = "select from public.opportunities limit 1";
    let all: bool = client
        .query_one("select exists (select from public.opportunities)", &[])
        .await?
        .get(0);
    let mut seen = vec![];
    for role in ["authenticated", "anon"] {
        let trial = Trial::begin(client).await?;
        let mut outcome = trial.become_role(role, account).await?;
        if matches!(outcome, Attempt::Rows(_)) {
            outcome = trial.run(read).await?;
        }
        trial.end().await?;
        seen.push(outcome);
    }
    let reads = match (&seen[0], all) {
        (Attempt::Rows(rows), true) => *rows == 1,
        (Attempt::Rows(_), false) => true,
        (Attempt::Refused(_), _) => false,
    };
    let is_closed = match &seen[1] {
        Attempt::Rows(rows) => *rows == 0,
        Attempt::Refused(refusal) => refusal.code == "42501",
    };
    let result = if reads && is_closed {
        Readiness::Ready
    } else {
        Readiness::NotReady
    };
    let word = |yes: bool| if yes { "reads" } else { "does not read" };
    Ok((
        result,
        format!(
            "a signed-in user {} opportunities, anon {}",
            word(reads),
            word(!is_closed)
        ),
    ))
}

/// What the latest run found, where one recorded it.
const BEFORE: &str = "\
    select c.identity from migration.migration_catalogue c \
     where c.moment = 'before' and c.run_id = (select h.run_id from migration.migration_history h \
       where h.phase_number = 'run' and h.step is null order by h.id desc limit 1)";

/// Names that still say what the old schema said, other than a site's own.
pub(super) async fn old_words(client: &Client) -> Result<Answer, Fault> {
    rule::begin(client, "read only").await?;
    let is_recorded = "select to_regclass('migration.migration_catalogue') is not null";
    let before = match client.query_one(is_recorded, &[]).await?.get(0) {
        true => BEFORE,
        false => "select null::text where false",
    };
    let sql = OLD_WORDS.replace("({before})", &format!("({before})"));
    let asked = rule::try_query(client, &sql, &[]).await;
    rule::rollback(client).await?;
    let names: Vec<String> = match asked? {
        Ok(rows) => rows.iter().map(|row| row.get(0)).collect(),
        Err(error) => return Ok((Readiness::NotReady, Fault::from(error).to_string())),
    };
    Ok(if names.is_empty() {
        (
            Readiness::Ready,
            "old words only in the names that are kept for old clients".into(),
        )
    } else {
        (Readiness::NotReady, names.join(", "))
    })
}
