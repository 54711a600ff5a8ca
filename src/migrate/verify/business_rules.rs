//! The rules that the triggers keep, asked of every row.
//!
//! In: a migrated database. Out: one check per rule. The rules are those of the mapping (pairs of columns,
//! stages, probabilities) and of the relations (one customer, one primary organisation, flags).

use tokio_postgres::Client;

use super::outcome::Category;
use super::outcome::Severity::{Critical, High, Medium};
use super::rule::{self, Rule};
use crate::migrate::Fault;

const SQL: &str = include_str!("sql/business_rules.sql");

#[rustfmt::skip]
const RULES: &[Rule] = &[
    Rule("rules.stage_fits_legacy", "Stage and old stage text mean the same", Critical),
    Rule("rules.probability", "The probability is the stage's unless it is overridden", High),
    Rule("rules.status", "The status is the stage's unless it is overridden", High),
    Rule("rules.customer", "company_id and customer_organization_id are equal", Critical),
    Rule("rules.archived", "archived_at and deleted_at are equal", Critical),
    Rule("rules.closing_date", "estimated_close_date is the UTC day of expected_closing_date", Critical),
    Rule("rules.one_customer", "An opportunity's company is its one primary customer", Critical),
    Rule("rules.participants_agree", "The principal and distributor columns are the primary participants", High),
    Rule("rules.participant_flags", "A principal or distributor is flagged as one", Medium),
    Rule("rules.principal_flags", "A preferred principal is flagged as one", Medium),
    Rule("rules.customer_role", "A customer is neither principal nor distributor", High),
    Rule("rules.primary_organization", "A contact's company is its primary organisation", Critical),
    Rule("rules.primary_contact", "An organisation has at most one first contact", High),
    Rule("rules.opportunity_contacts", "opportunity_contacts holds the existing ids of contact_ids", Critical),
    Rule("rules.first_contact", "An opportunity with contacts has exactly one first one", High),
    Rule("rules.interaction", "An interaction is about an opportunity, an engagement about none", Critical),
    Rule("rules.founding_interaction", "The founding interaction is one of the opportunity's own", High),
    Rule("rules.search", "Every row can be searched for", High),
];

pub(super) async fn check(client: &Client) -> Result<Category, Fault> {
    let checks = rule::broken(client, RULES, SQL).await?;
    Ok(Category::new("business_rules", "Business rules", checks))
}
