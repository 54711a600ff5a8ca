//! Real bodies for the relations and functions of the CRM: each fits the demo data, and a test sends it.

use serde_json::{Value, json};

/// A row to insert, and a change of one.
pub fn row(relation: &str) -> Option<(Value, Value)> {
    let note = json!({"text": "Sent the price list"});
    Some(match relation {
        "activities" => (
            json!({"activity_type": "engagement", "type": "call", "subject": "Quarterly call", "contact_id": 1}),
            json!({"subject": "Yearly call"}),
        ),
        "companies" => (
            json!({"name": "Acme", "organization_type": "customer", "city": "Lyon"}),
            json!({"city": "Paris"}),
        ),
        "contacts" => (
            json!({"first_name": "Ann", "last_name": "Ash", "company_id": 1}),
            json!({"title": "Head of Procurement"}),
        ),
        "contactNotes" | "contact_notes" => (
            json!({"contact_id": 1, "text": "Called, will call back"}),
            note,
        ),
        "contact_organizations" => (
            json!({"contact_id": 1, "organization_id": 2, "role": "influencer"}),
            json!({"role": "champion"}),
        ),
        "contact_preferred_principals" => (
            json!({"contact_id": 2, "principal_organization_id": 13}),
            json!({"advocacy_notes": "Met at the fair"}),
        ),
        "interaction_participants" => (
            json!({"activity_id": 1, "contact_id": 2}),
            json!({"notes": "Took part by phone"}),
        ),
        "opportunities" => (
            json!({"name": "Spring order", "stage": "lead", "amount": 12000, "company_id": 1}),
            json!({"stage": "proposal"}),
        ),
        "deals" | "deals_summary" => (
            json!({"name": "Spring order", "stage": "opportunity", "amount": 12000, "company_id": 1}),
            json!({"stage": "proposal-sent"}),
        ),
        "opportunityNotes" | "opportunity_notes" => (
            json!({"opportunity_id": 1, "text": "Draft sent for review"}),
            note,
        ),
        "dealNotes" | "deal_notes" => {
            (json!({"deal_id": 1, "text": "Draft sent for review"}), note)
        }
        "opportunity_contacts" => (
            json!({"opportunity_id": 1, "contact_id": 30}),
            json!({"role": "champion"}),
        ),
        "opportunity_participants" => (
            json!({"opportunity_id": 1, "organization_id": 2, "role": "partner"}),
            json!({"notes": "Delivers the press"}),
        ),
        "opportunity_products" => (
            json!({"opportunity_id": 1, "product_name": "Catalogue", "quantity": 500}),
            json!({"quantity": 600}),
        ),
        "tags" => (
            json!({"name": "spring fair", "color": "green"}),
            json!({"color": "blue"}),
        ),
        "tasks" => (
            json!({"contact_id": 1, "type": "Call", "text": "Ask how the first week went", "due_date": "2027-01-15T09:00:00Z"}),
            json!({"done_date": "2027-01-15T10:00:00Z"}),
        ),
        _ => return None,
    })
}

/// Arguments of a function.
pub fn arguments(function: &str) -> Option<Value> {
    Some(match function {
        "add_contact_to_organization" => {
            json!({"contact": 1, "organization": 3, "role": "influencer"})
        }
        "add_principal_advocacy" => json!({"contact": 2, "principal": 13, "strength": 7}),
        "convert_engagement_to_interaction" => json!({"activity_id": 36, "opportunity_id": 1}),
        "create_opportunity_with_participants" => json!({
            "opportunity": {"name": "Fair stand", "stage": "lead"},
            "participants": [{"organization_id": 1, "role": "customer", "is_primary": true}],
        }),
        "get_activity_timeline" => {
            json!({"entity_type": "opportunity", "entity_id": 2, "max_rows": 5})
        }
        "get_contact_organizations" => json!({"contact": 1}),
        "get_opportunity_with_participants" => json!({"opportunity_id": 1}),
        "get_organization_contacts" => json!({"organization": 1}),
        "log_engagement" => json!({"type": "call", "subject": "Quarterly call", "contact_id": 1}),
        "log_interaction" => json!({"opportunity_id": 1, "type": "meeting", "subject": "Kick-off"}),
        "merge_contacts" => json!({"loser_id": 58, "winner_id": 57}),
        "sync_opportunity_participants" => json!({
            "opportunity": 1, "participants": [{"organization_id": 1, "role": "customer", "is_primary": true}],
        }),
        _ => return None,
    })
}
