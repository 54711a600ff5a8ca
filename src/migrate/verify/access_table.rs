//! Who may do what: every relation × role × verb of the migrated schema.
//!
//! Letters: s(elect) i(nsert) u(pdate) d(elete); `-` where the role sees or reaches nothing. A test holds
//! this table against a fresh database, so a new relation that is missing here is noticed.

use crate::pg::migrations::Baseline;

/// One relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccessRow {
    /// Schema and name, quoted where needed.
    pub relation: &'static str,
    /// Before anybody has signed in.
    pub anon: &'static str,
    /// Whoever has signed in; an administrator, where that makes a difference.
    pub authenticated: &'static str,
    /// The server.
    pub service_role: &'static str,
}

const ALL: &str = "siud";

const fn row(
    relation: &'static str,
    anon: &'static str,
    authenticated: &'static str,
    service_role: &'static str,
) -> AccessRow {
    AccessRow {
        relation,
        anon,
        authenticated,
        service_role,
    }
}

#[rustfmt::skip]
const BOTH: &[AccessRow] = &[
    row("public.companies", "----", ALL, ALL),
    row("public.contacts", "----", ALL, ALL),
    row("public.opportunities", "----", ALL, ALL),
    row("public.\"opportunityNotes\"", "----", ALL, ALL),
    row("public.contact_notes", "----", ALL, ALL),
    row("public.\"contactNotes\"", "----", ALL, ALL),
    row("public.tags", "----", ALL, ALL),
    row("public.tasks", "----", ALL, ALL),
    row("public.sales", "----", "s---", ALL),
    row("public.contact_organizations", "----", ALL, ALL),
    row("public.contact_preferred_principals", "----", ALL, ALL),
    row("public.opportunity_participants", "----", ALL, ALL),
    row("public.opportunity_contacts", "----", ALL, ALL),
    row("public.opportunity_products", "----", ALL, ALL),
    row("public.activities", "----", ALL, ALL),
    row("public.interaction_participants", "----", ALL, ALL),
    // The old face.
    row("public.deals", "----", ALL, ALL),
    row("public.deals_summary", "----", ALL, ALL),
    row("public.\"dealNotes\"", "----", ALL, ALL),
    row("public.deal_notes", "----", ALL, ALL),
    row("public.opportunity_notes", "----", ALL, ALL),
    // Read-only views.
    row("public.init_state", "s---", "s---", "s---"),
    row("public.companies_summary", "----", "s---", "s---"),
    row("public.contacts_summary", "----", "s---", "s---"),
    row("public.opportunities_summary", "----", "s---", "s---"),
    row("public.opportunities_with_status", "----", "s---", "s---"),
    row("public.opportunities_with_participants", "----", "s---", "s---"),
    row("public.opportunities_legacy", "----", "s---", "s---"),
    row("public.contact_influence_profile", "----", "s---", "s---"),
    row("public.principal_advocacy_dashboard", "----", "s---", "s---"),
    row("public.engagement_analytics", "----", "s---", "s---"),
    row("public.interaction_analytics", "----", "s---", "s---"),
    row("public.contact_engagement_summary", "----", "s---", "s---"),
    row("public.activity_log", "----", "s---", "s---"),
    row("public.opportunity_activity_log", "----", "s---", "s---"),
    // State of the migration.
    row("public.migration_history", "----", "s---", "s---"),
    row("public.migration_progress", "----", "s---", "s---"),
    row("public.migration_errors", "----", "s---", "s---"),
    row("public.migration_validation_results", "----", "s---", "s---"),
];

#[rustfmt::skip]
const FORK_ONLY: &[AccessRow] = &[row("public.tags_color_backup", "----", "----", ALL)];
#[rustfmt::skip]
const UPSTREAM_ONLY: &[AccessRow] = &[
    row("public.configuration", "----", "siu-", ALL),
    row("public.favicons_excluded_domains", "----", ALL, ALL),
];

/// Every relation of schema `public` on this baseline.
pub fn access_table(baseline: Baseline) -> impl Iterator<Item = &'static AccessRow> {
    BOTH.iter().chain(match baseline {
        Baseline::Fork => FORK_ONLY,
        Baseline::Upstream => UPSTREAM_ONLY,
    })
}
