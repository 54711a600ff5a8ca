//! What the new schema must have, by name: the part of the catalogue that a verification looks for.
//!
//! The tables are those of `migrations/` on both baselines; a test compares them with a fresh database, so
//! an object that a migration adds is missed here at once.

use crate::pg::migrations::Baseline;

/// Foreign keys of schema `public`: table and name.
#[rustfmt::skip]
pub const FOREIGN_KEYS: &[&str] = &[
    "\"opportunityNotes\" opportunityNotes_opportunity_id_fkey",
    "\"opportunityNotes\" opportunityNotes_sales_id_fkey",
    "activities activities_contact_id_fkey",
    "activities activities_created_by_fkey",
    "activities activities_opportunity_id_fkey",
    "activities activities_organization_id_fkey",
    "companies companies_parent_company_id_fkey",
    "companies companies_sales_id_fkey",
    "contact_organizations contact_organizations_contact_id_fkey",
    "contact_organizations contact_organizations_created_by_fkey",
    "contact_organizations contact_organizations_organization_id_fkey",
    "contact_preferred_principals contact_preferred_principals_contact_id_fkey",
    "contact_preferred_principals contact_preferred_principals_created_by_fkey",
    "contact_preferred_principals contact_preferred_principals_principal_organization_id_fkey",
    "contacts contacts_company_id_fkey",
    "contacts contacts_sales_id_fkey",
    "interaction_participants interaction_participants_activity_id_fkey",
    "interaction_participants interaction_participants_contact_id_fkey",
    "interaction_participants interaction_participants_organization_id_fkey",
    "opportunities opportunities_company_id_fkey",
    "opportunities opportunities_customer_organization_id_fkey",
    "opportunities opportunities_distributor_organization_id_fkey",
    "opportunities opportunities_principal_organization_id_fkey",
    "opportunities opportunities_sales_id_fkey",
    "opportunity_contacts opportunity_contacts_contact_id_fkey",
    "opportunity_contacts opportunity_contacts_opportunity_id_fkey",
    "opportunity_participants opportunity_participants_created_by_fkey",
    "opportunity_participants opportunity_participants_opportunity_id_fkey",
    "opportunity_participants opportunity_participants_organization_id_fkey",
    "opportunity_products opportunity_products_created_by_fkey",
    "opportunity_products opportunity_products_opportunity_id_fkey",
    "sales sales_user_id_fkey",
    "tasks tasks_contact_id_fkey",
];

/// Triggers of schema `public` on both baselines: table and name.
#[rustfmt::skip]
pub const TRIGGERS: &[&str] = &[
    "\"opportunityNotes\" webhooks_note_created",
    "activities activities_after_delete",
    "activities activities_after_truncate",
    "activities activities_after_write",
    "activities activities_before_write",
    "companies companies_before_relations",
    "companies companies_before_write",
    "contact_organizations contact_organizations_after_write",
    "contact_organizations contact_organizations_before_relations",
    "contact_organizations contact_organizations_before_write",
    "contact_preferred_principals check_principal_organization",
    "contacts contacts_after_write",
    "contacts contacts_before_relations",
    "contacts contacts_before_write",
    "opportunities A_webhooks_deleted",
    "opportunities opportunities_after_insert",
    "opportunities opportunities_after_update",
    "opportunities opportunities_before_insert",
    "opportunities opportunities_before_relations",
    "opportunities opportunities_before_sent_1",
    "opportunities opportunities_before_sent_2",
    "opportunities opportunities_before_sent_3",
    "opportunities opportunities_before_sent_4",
    "opportunities opportunities_before_update",
    "opportunities opportunities_founding_interaction",
    "opportunities opportunities_nested",
    "opportunities webhooks_inserted",
    "opportunities webhooks_updated",
    "opportunity_contacts opportunity_contacts_after_write",
    "opportunity_contacts opportunity_contacts_before_relations",
    "opportunity_contacts opportunity_contacts_before_write",
    "opportunity_participants opportunity_participants_after_write",
    "opportunity_participants opportunity_participants_before_relations",
    "opportunity_participants validate_opportunity_participants",
    "opportunity_products opportunity_products_set_updated_at",
];

/// Triggers that upstream brings along.
#[rustfmt::skip]
pub const UPSTREAM_TRIGGERS: &[&str] = &[
    "\"opportunityNotes\" on_deal_notes_attachments_updated_delete_note_attachments",
    "\"opportunityNotes\" on_deal_notes_deleted_delete_note_attachments",
    "\"opportunityNotes\" set_deal_notes_sales_id_trigger",
    "companies company_saved",
    "companies set_company_sales_id_trigger",
    "contact_notes on_contact_notes_attachments_updated_delete_note_attachments",
    "contact_notes on_contact_notes_deleted_delete_note_attachments",
    "contact_notes on_public_contact_notes_created_or_updated",
    "contact_notes set_contact_notes_sales_id_trigger",
    "contacts 10_lowercase_contact_emails",
    "contacts 20_contact_saved",
    "contacts set_contact_sales_id_trigger",
    "opportunities set_deal_sales_id_trigger",
    "tasks set_task_sales_id_trigger",
];

/// Functions of schema `public` on both baselines.
#[rustfmt::skip]
pub const FUNCTIONS: &[&str] = &[
    "activities_after_write",
    "activities_before_write",
    "add_contact_to_organization",
    "add_principal_advocacy",
    "check_principal_organization",
    "companies_before_write",
    "contact_organizations_after_write",
    "contact_organizations_before_write",
    "contacts_after_write",
    "contacts_before_write",
    "convert_engagement_to_interaction",
    "create_opportunity_with_participants",
    "get_activity_timeline",
    "get_contact_organizations",
    "get_opportunity_with_participants",
    "get_organization_contacts",
    "handle_new_user",
    "handle_update_user",
    "log_engagement",
    "log_interaction",
    "merge_contacts",
    "opportunities_after_write",
    "opportunities_before_insert",
    "opportunities_before_sent",
    "opportunities_before_update",
    "opportunities_nested",
    "opportunity_contacts_after_write",
    "opportunity_contacts_before_write",
    "opportunity_participants_after_write",
    "set_updated_at",
    "sync_opportunity_participants",
    "validate_opportunity_participants",
];

/// The triggers of a baseline.
pub fn triggers(baseline: Baseline) -> Vec<&'static str> {
    let special = match baseline {
        Baseline::Fork => &[],
        Baseline::Upstream => UPSTREAM_TRIGGERS,
    };
    TRIGGERS.iter().chain(special).copied().collect()
}

/// The foreign keys of a baseline: the contact notes are a table under one spelling each.
pub fn foreign_keys(baseline: Baseline) -> Vec<&'static str> {
    let special: &[&str] = match baseline {
        Baseline::Fork => &[
            "\"contactNotes\" contactNotes_contact_id_fkey",
            "\"contactNotes\" contactNotes_sales_id_fkey",
        ],
        Baseline::Upstream => &[
            "contact_notes contactNotes_contact_id_fkey",
            "contact_notes contactNotes_sales_id_fkey",
        ],
    };
    FOREIGN_KEYS.iter().chain(special).copied().collect()
}
