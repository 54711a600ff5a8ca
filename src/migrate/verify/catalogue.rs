//! The catalogue: the four queries of the written plan, and every relation, policy, trigger and function
//! by name.
//!
//! In: a migrated database. Out: checks against what `rls/` says, against [`super::expected`] and against
//! the table of access. What is there besides is the site's own and is only listed where it could open
//! something.

use std::collections::BTreeSet;

use tokio_postgres::Client;

use super::access_table::access_table;
use super::expected;
use super::outcome::Severity::{Critical, High};
use super::outcome::{Category, Check, Severity};
use super::own::Own;
use super::policies::expected_policies;
use super::rule;
use crate::migrate::Fault;
use crate::pg::migrations::Baseline;

const NAMES: &str = include_str!("sql/names.sql");

/// The plan's final check: id, what it asks, the query, the answer; `None` is any number above zero.
pub(in crate::migrate) const PLAN_QUERIES: &[(&str, &str, &str, Option<i64>)] = &[
    (
        "catalogue.plan_policies",
        "Row security has policies on opportunities",
        "select count(*) from pg_policy where polrelid = 'public.opportunities'::regclass",
        None,
    ),
    (
        "catalogue.plan_summary",
        "The view opportunities_summary exists",
        "select count(*) from pg_views where viewname = 'opportunities_summary' and schemaname = 'public'",
        Some(1),
    ),
    (
        "catalogue.plan_principal_trigger",
        "The trigger check_principal_organization exists",
        "select count(*) from pg_trigger where tgname = 'check_principal_organization'",
        Some(1),
    ),
    (
        "catalogue.plan_backup_column",
        "The column contacts.company_id_backup exists",
        "select count(*) from information_schema.columns \
          where table_schema = 'public' and table_name = 'contacts' and column_name = 'company_id_backup'",
        Some(1),
    ),
];

pub(super) async fn check(
    client: &Client,
    baseline: Baseline,
    own: &Own,
) -> Result<Category, Fault> {
    let mut checks = plan_queries(client).await?;
    let there = Names::read(client).await?;
    checks.push(
        there.missing_of(
            "catalogue.relations",
            "Every table and view is there",
            "relation",
            &access_table(baseline)
                .map(|row| row.relation)
                .collect::<Vec<_>>(),
        ),
    );
    checks.push(there.missing_of(
        "catalogue.triggers",
        "Every trigger is there",
        "trigger",
        &expected::triggers(baseline),
    ));
    checks.push(there.missing_of(
        "catalogue.functions",
        "Every function is there",
        "function",
        expected::FUNCTIONS,
    ));
    checks.extend(policies(&there));
    for (kind, id, title) in [
        (
            "open_table",
            "catalogue.row_security",
            "Row security is on for every table",
        ),
        (
            "owner_view",
            "catalogue.views",
            "Every view but init_state runs with its caller's rights",
        ),
    ] {
        let (of_site, open): (Vec<_>, Vec<_>) = there
            .of(kind)
            .into_iter()
            .map(str::to_owned)
            .partition(|name| own.relations.contains(name));
        let check = Check::listed(id, title, Critical, vec![], open);
        checks.push(if of_site.is_empty() {
            check
        } else {
            check.detail(format!("the site's own: {}", of_site.join(", ")))
        });
    }
    Ok(Category::new("catalogue", "Catalogue and policies", checks))
}

/// The plan's four queries, in its words.
pub(in crate::migrate) async fn plan_queries(client: &Client) -> Result<Vec<Check>, Fault> {
    let mut checks = vec![];
    for (id, title, sql, wanted) in PLAN_QUERIES {
        checks.push(match rule::try_query(client, sql, &[]).await?.as_deref() {
            Ok([row]) => {
                let found: i64 = row.get(0);
                let is_right = wanted.map_or(found > 0, |wanted| wanted == found);
                let expected = wanted.map_or("more than 0".into(), |wanted| wanted.to_string());
                Check {
                    expected,
                    found: found.to_string(),
                    ..Check::counted(id, title, Critical, i64::from(!is_right), vec![])
                }
            }
            Ok(_) => Check::not_evaluated(id, title, Critical, "no answer"),
            Err(error) => Check::not_evaluated(id, title, Critical, error.to_string()),
        });
    }
    Ok(checks)
}

fn policies(there: &Names) -> Vec<Check> {
    let relations = there.of("table");
    let wanted: BTreeSet<String> = expected_policies()
        .into_iter()
        .filter(|policy| relations.contains(policy.relation.as_str()))
        .map(|policy| {
            let (relation, command) = (policy.relation, policy.command);
            format!(
                "{relation}: {} for {command} to {}",
                policy.name, policy.role
            )
        })
        .collect();
    let known: BTreeSet<&str> = wanted
        .iter()
        .filter_map(|policy| policy.split_once(": "))
        .map(|(relation, _)| relation)
        .collect();
    let found = there.of("policy");
    let list =
        |id: &str, title: &str, severity: Severity, missing: Vec<String>, extra: Vec<String>| {
            Check::listed(id, title, severity, missing, extra)
        };
    let missing = wanted
        .iter()
        .filter(|policy| !found.contains(policy.as_str()));
    let extra = found.iter().filter(|policy| {
        !wanted.contains(**policy)
            && policy
                .split_once(": ")
                .is_some_and(|(relation, _)| known.contains(relation))
    });
    vec![
        list(
            "catalogue.policies",
            "Every policy is there",
            Critical,
            missing.cloned().collect(),
            vec![],
        ),
        list(
            "catalogue.more_policies",
            "No table has a policy that the plan does not know",
            High,
            vec![],
            extra.map(|policy| (*policy).to_owned()).collect(),
        ),
    ]
}

/// Names of the catalogue, by kind.
struct Names(BTreeSet<(String, String)>);

impl Names {
    async fn read(client: &Client) -> Result<Self, Fault> {
        let rows = client.query(NAMES, &[]).await?;
        Ok(Self(
            rows.iter().map(|row| (row.get(0), row.get(1))).collect(),
        ))
    }

    fn of(&self, kind: &str) -> BTreeSet<&str> {
        let mine = self.0.iter().filter(|(k, _)| k == kind);
        mine.map(|(_, name)| name.as_str()).collect()
    }

    fn missing_of(&self, id: &str, title: &str, kind: &str, wanted: &[&str]) -> Check {
        let found = self.of(kind);
        let missing = wanted.iter().filter(|name| !found.contains(**name));
        let missing = missing.map(|name| (*name).to_owned()).collect();
        Check::listed(id, title, Critical, missing, vec![])
    }
}
