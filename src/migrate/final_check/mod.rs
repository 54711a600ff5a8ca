//! The last sweep before the application is opened: the written plan's four catalogue queries, its test
//! opportunity, its query under row security, its redirects, its look for old words, the signatures, and
//! twelve points that must all hold.
//!
//! In: a migrated database, the address of the running server, the file of signatures. Out: a [`Sweep`] of
//! [`Item`]s, each with its proof and the time at which it was asked. Nothing is changed. What could not be
//! asked is not ready, unless it was left out by name.

mod redirect;
mod signatures;
mod trials;

use chrono::{DateTime, Utc};
use serde::Serialize;
use tokio_postgres::Client;

use super::verify::catalogue;
use super::verify::rule;
use super::verify::trial::Account;
use super::verify::{Check, Status, recorded};
use super::{Fault, state};

pub use signatures::{Signature, signatures};

/// What the sweep is told.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Address of the running server, such as `http://localhost:54321`.
    pub api_url: Option<String>,
    /// The signatures: a JSON file, read.
    pub sign_offs: Option<String>,
    /// Leave the server out.
    pub without_api: bool,
    /// Leave the signatures out.
    pub without_sign_offs: bool,
}

/// What became of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Readiness {
    /// It holds.
    Ready,
    /// It does not, or could not be asked.
    NotReady,
    /// Left out by name.
    LeftOut,
}

/// One line of the sweep.
///
/// Shape: `{"id":"point_9","title":"…","result":"ready","proof":"…","asked_at":"2026-11-22T03:00:00Z"}`.
#[derive(Debug, Clone, Serialize)]
pub struct Item {
    /// `query_1` to `query_4`, `test_opportunity`, …, `point_1` to `point_12`.
    pub id: String,
    /// What must hold.
    pub title: String,
    /// Whether it does.
    pub result: Readiness,
    /// What was seen.
    pub proof: String,
    /// When.
    pub asked_at: DateTime<Utc>,
}

/// All of it.
#[derive(Debug, Clone, Serialize)]
pub struct Sweep {
    /// Whether every item is ready or was left out.
    pub is_ready: bool,
    /// The plan's sweep.
    pub sweep: Vec<Item>,
    /// The twelve points.
    pub points: Vec<Item>,
    /// The signatures that were read.
    pub signatures: Vec<Signature>,
}

/// An answer before it has a place: whether it holds, and the proof.
type Answer = (Readiness, String);

const POINTS: &str = include_str!("sql/points.sql");

/// Sweeps.
///
/// # Errors
/// When the connection is lost.
pub async fn sweep(client: &Client, options: &Options) -> Result<Sweep, Fault> {
    let mut items = Items::default();
    rule::begin(client, "isolation level repeatable read read only").await?;
    let queries = catalogue::plan_queries(client).await;
    rule::rollback(client).await?;
    let queries = queries?;
    for (number, check) in queries.iter().enumerate() {
        items.sweep(
            &format!("query_{}", number + 1),
            &check.title,
            answer(check),
        );
    }
    let account = Account::real(client).await?;
    let opportunity = trials::opportunity(client, &account).await?;
    let row_security = trials::row_security(client, &account).await?;
    let redirect = redirect::ask(options).await;
    let old_words = trials::old_words(client).await?;
    let (signed, signatures) = signatures::judge(options);
    items.sweep(
        "test_opportunity",
        "A test opportunity can be created",
        opportunity.clone(),
    );
    items.sweep(
        "row_security",
        "A signed-in user reads under row security",
        row_security.clone(),
    );
    items.sweep(
        "redirects",
        "/deals leads to /opportunities",
        redirect.clone(),
    );
    items.sweep(
        "old_words",
        "No old word is left in the new schema",
        old_words.clone(),
    );
    items.sweep(
        "sign_offs",
        "Every task is signed off by somebody else",
        signed,
    );

    let facts = Facts::read(client).await?;
    items.point(
        "The run is complete, with phases 1.1 to 1.4 in its history",
        facts.get("run"),
    );
    items.point("A verified backup set is there", facts.get("backup"));
    items.point(
        "The verification of the run did not fail",
        verified(client).await?,
    );
    items.point("opportunities has its policies", answer_of(&queries, 0));
    items.point(
        "The summary views of both vocabularies are there",
        facts.get("views"),
    );
    items.point(
        "An organisation that is no principal is refused as one",
        trials::principal(client, &account).await?,
    );
    items.point(
        "Every contact remembers its old company",
        facts.get("backup_column"),
    );
    items.point(
        "Every contact with a company has a primary organisation",
        facts.get("junction"),
    );
    items.point("An opportunity goes through its stages", opportunity);
    items.point("Nobody reads before signing in", row_security);
    items.point("Old addresses lead to new ones", redirect);
    items.point("The new schema speaks of opportunities", old_words);
    Ok(Sweep {
        is_ready: items.is_ready(),
        sweep: items.sweep,
        points: items.points,
        signatures,
    })
}

#[derive(Default)]
struct Items {
    sweep: Vec<Item>,
    points: Vec<Item>,
}

impl Items {
    fn sweep(&mut self, id: &str, title: &str, answer: Answer) {
        self.sweep.push(item(id.into(), title, answer));
    }

    fn point(&mut self, title: &str, answer: Answer) {
        let id = format!("point_{}", self.points.len() + 1);
        self.points.push(item(id, title, answer));
    }

    fn is_ready(&self) -> bool {
        let mut all = self.sweep.iter().chain(&self.points);
        all.all(|item| item.result != Readiness::NotReady)
    }
}

fn item(id: String, title: &str, (result, proof): Answer) -> Item {
    Item {
        id,
        title: title.into(),
        result,
        proof,
        asked_at: Utc::now(),
    }
}

fn answer(check: &Check) -> Answer {
    let result = if check.status == Status::Passed {
        Readiness::Ready
    } else {
        Readiness::NotReady
    };
    let proof = check
        .detail
        .clone()
        .unwrap_or_else(|| format!("expected {}, found {}", check.expected, check.found));
    (result, proof)
}

fn answer_of(checks: &[Check], place: usize) -> Answer {
    checks
        .get(place)
        .map_or((Readiness::NotReady, "not asked".into()), answer)
}

/// What one query says of the points that the catalogue and the state can answer.
struct Facts(Vec<(String, bool, String)>, Option<String>);

impl Facts {
    async fn read(client: &Client) -> Result<Self, Fault> {
        rule::begin(client, "isolation level repeatable read read only").await?;
        let asked = rule::try_query(client, POINTS, &[]).await;
        rule::rollback(client).await?;
        Ok(match asked? {
            Ok(rows) => {
                let facts = rows.iter().map(|row| (row.get(0), row.get(1), row.get(2)));
                Self(facts.collect(), None)
            }
            Err(error) => Self(vec![], Some(Fault::from(error).to_string())),
        })
    }

    fn get(&self, id: &str) -> Answer {
        match self.0.iter().find(|fact| fact.0 == id) {
            Some((_, true, proof)) => (Readiness::Ready, proof.clone()),
            Some((_, false, proof)) => (Readiness::NotReady, proof.clone()),
            None => (
                Readiness::NotReady,
                self.1.clone().unwrap_or_else(|| "not answered".into()),
            ),
        }
    }
}

async fn verified(client: &Client) -> Result<Answer, Fault> {
    let Some(run) = state::latest_run(client).await? else {
        return Ok((Readiness::NotReady, "there has been no run".into()));
    };
    Ok(match recorded(client, run.id).await? {
        Some(facts) => {
            let verdict = facts["verdict"].as_str().unwrap_or("nothing").to_owned();
            let is_good = matches!(verdict.as_str(), "SUCCESS" | "SUCCESS_WITH_WARNINGS");
            let result = if is_good {
                Readiness::Ready
            } else {
                Readiness::NotReady
            };
            (
                result,
                format!(
                    "{verdict} at {}",
                    facts["started_at"].as_str().unwrap_or("?")
                ),
            )
        }
        None => (
            Readiness::NotReady,
            "never verified: run `oppbase migrate verify`".into(),
        ),
    })
}
