//! Every view and every function runs once.
//!
//! In: a migrated database. Out: one check for the views, one per function. Functions are called with rows
//! made for the purpose and everything is rolled back; a few numbers of sequences are used up. Trigger
//! functions run when the tables are written in [`super::access`] and [`super::compatibility`].

use tokio_postgres::Client;

use super::outcome::Severity::{Critical, Medium};
use super::outcome::{Category, Check};
use super::own::Own;
use super::own_rules::{Aside, Next, is_own, own_rules};
use super::trial::{Account, Attempt, Refusal, Trial, with_free_ids};
use crate::migrate::Fault;

const SCENARIO: &str = include_str!("sql/scenario.sql");

const VIEWS: &str = "\
    select c.oid::regclass::text from pg_catalog.pg_class c \
     where c.relkind in ('v', 'm') and c.relnamespace = any (array['public', 'extensions']::regnamespace[]) \
       and not exists (select from pg_catalog.pg_depend d where d.objid = c.oid and d.deptype = 'e') order by 1";

/// Functions that users call, and a call. In it `:c` is a company, `:c + 1` a principal, `:p` a contact,
/// `:o` an opportunity, `:a` an engagement.
#[rustfmt::skip]
const CALLS: &[(&str, &str)] = &[
    ("get_contact_organizations", "select * from public.get_contact_organizations(:p)"),
    ("get_organization_contacts", "select * from public.get_organization_contacts(:c)"),
    ("add_contact_to_organization", "select public.add_contact_to_organization(:p, :c + 1, true)"),
    ("add_principal_advocacy", "select public.add_principal_advocacy(:p, :c + 1, 7)"),
    ("sync_opportunity_participants",
        "select public.sync_opportunity_participants(:o, array[jsonb_build_object('organization_id', :c, 'role', 'customer')])"),
    ("create_opportunity_with_participants",
        "select public.create_opportunity_with_participants('{\"name\":\"Verification\"}', array[jsonb_build_object('organization_id', :c, 'role', 'customer')])"),
    ("get_opportunity_with_participants", "select * from public.get_opportunity_with_participants(:o)"),
    ("log_engagement", "select public.log_engagement('call', 'Verification', contact_id => :p)"),
    ("log_interaction", "select public.log_interaction(:o, 'meeting', 'Verification', contact_id => :p)"),
    ("convert_engagement_to_interaction", "select public.convert_engagement_to_interaction(:a, :o)"),
    ("get_activity_timeline", "select * from public.get_activity_timeline('opportunity', :o)"),
    ("merge_contacts", "select public.merge_contacts(:p + 1, :p)"),
];

pub(super) async fn check(client: &Client, own: &Own) -> Result<Category, Fault> {
    let mut checks = vec![views(client).await?];
    checks.extend(functions(client, own).await?);
    Ok(Category::new(
        "execution",
        "Views and functions run",
        checks,
    ))
}

async fn views(client: &Client) -> Result<Check, Fault> {
    let rows = client.query(VIEWS, &[]).await?;
    let trial = Trial::begin(client).await?;
    let mut broken = vec![];
    for row in &rows {
        let view: String = row.get(0);
        if let Attempt::Refused(refusal) =
            trial.run(&format!("select * from {view} limit 1")).await?
        {
            broken.push(format!("{view}: {}", refusal.words()));
        }
    }
    trial.end().await?;
    let failed = i64::try_from(broken.len()).unwrap_or(i64::MAX);
    let mut check = Check::counted(
        "execution.views",
        "Every view runs",
        Critical,
        failed,
        broken,
    );
    check.expected = format!("{} views", rows.len());
    check.found = format!("{} run", rows.len() - check.samples.len());
    Ok(check)
}

/// One check per function. Rules of the site that refuse the rows are set aside; that there are some is a check of
/// its own.
async fn functions(client: &Client, own: &Own) -> Result<Vec<Check>, Fault> {
    let account = Account::real(client).await?;
    let mut aside = Aside::default();
    let mut first = vec![];
    loop {
        let called = call_all(client, &account, own, &aside).await?;
        if first.is_empty() {
            first = called.refusals().map(Refusal::words).collect::<Vec<_>>();
        }
        if aside.after_all(own, called.refusals()) == Next::Again {
            continue;
        }
        let mut checks = called.checks(own);
        if !aside.is_empty() {
            checks.push(own_rules("execution", &aside).detail(first.join("; ")));
        }
        return Ok(checks);
    }
}

/// What came of the calls, or why there were none.
struct Called {
    blocked: Option<Refusal>,
    calls: Vec<(&'static str, Option<Refusal>)>,
}

impl Called {
    fn refusals(&self) -> impl Iterator<Item = &Refusal> + Clone {
        let calls = self
            .calls
            .iter()
            .filter_map(|(_, refusal)| refusal.as_ref());
        self.blocked.iter().chain(calls)
    }

    fn checks(&self, own: &Own) -> Vec<Check> {
        // A rule of the site that could not be set aside is no fault of the migration.
        let severity = |why: &Refusal| if is_own(own, why) { Medium } else { Critical };
        let check = |(name, refusal): &(&str, Option<Refusal>)| {
            let id = format!("execution.{name}");
            let title = format!("{name} runs");
            match (&self.blocked, refusal) {
                (Some(why), _) => {
                    let detail = format!("making rows to call with: {}", why.words());
                    Check::not_evaluated(&id, &title, severity(why), detail)
                }
                (None, Some(why)) => {
                    Check::counted(&id, &title, severity(why), 1, vec![]).detail(why.words())
                }
                (None, None) => {
                    let check = Check::counted(&id, &title, Critical, 0, vec![]);
                    own.told_of_closed(check, name)
                }
            }
        };
        self.calls.iter().map(check).collect()
    }
}

async fn call_all(
    client: &Client,
    account: &Account,
    own: &Own,
    aside: &Aside,
) -> Result<Called, Fault> {
    let trial = Trial::begin(client).await?;
    for (open, _) in &own.closed {
        trial.run(open).await?;
    }
    aside.set(&trial).await?;
    let refusal = |attempt| match attempt {
        Attempt::Rows(_) => None,
        Attempt::Refused(refusal) => Some(*refusal),
    };
    let mut blocked = refusal(trial.become_role("authenticated", account).await?);
    if blocked.is_none() {
        blocked = refusal(trial.run(&with_free_ids(SCENARIO)).await?);
    }
    let mut calls = vec![];
    for (name, call) in CALLS {
        let outcome = match blocked {
            Some(_) => None,
            None => refusal(trial.run(&filled(call)).await?),
        };
        calls.push((*name, outcome));
    }
    trial.end().await?;
    Ok(Called { blocked, calls })
}

/// The call with the scenario's ids.
fn filled(call: &str) -> String {
    let setting = |name: &str| format!("current_setting('verify.{name}')::bigint");
    call.replace(":c", &setting("company"))
        .replace(":p", &setting("person"))
        .replace(":o", &setting("opportunity"))
        .replace(":a", &setting("activity"))
}
