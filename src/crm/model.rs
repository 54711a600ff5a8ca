//! Rows and inputs of the typed endpoints, as OpenAPI describes them and as bodies are checked.
//!
//! A test compares every row model with the catalogue of a migrated database, so that the document
//! says what the server sends. Amounts are 64-bit: JavaScript loses digits above 2^53, the server does
//! not. Inputs take only the columns a client may write; unknown names are refused with PGRST204 by the
//! pipeline.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// An error as PostgREST words it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct RestError {
    /// `PGRST…` or a SQLSTATE.
    #[schema(example = "PGRST116")]
    pub code: String,
    /// One sentence.
    pub message: String,
    /// More facts: text or JSON.
    #[schema(value_type = Value)]
    pub details: Option<Value>,
    /// What to do about it.
    #[schema(required)]
    pub hint: Option<String>,
}

/// Stages of an opportunity, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OpportunityStage {
    Lead,
    Qualified,
    NeedsAnalysis,
    Proposal,
    Negotiation,
    ClosedWon,
    ClosedLost,
    Nurturing,
}

/// Whether an opportunity is being worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OpportunityStatus {
    Active,
    OnHold,
    Nurturing,
    Stalled,
    Expired,
}

/// Priority of an opportunity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PriorityLevel {
    Low,
    Medium,
    High,
    Critical,
}

/// What a contact is in an organisation or an opportunity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContactRole {
    DecisionMaker,
    Influencer,
    Buyer,
    EndUser,
    Gatekeeper,
    Champion,
    Technical,
    Executive,
    Unknown,
}

/// What an organisation is in an opportunity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ParticipantRole {
    Customer,
    Principal,
    Distributor,
    Partner,
    Competitor,
}

/// How much a contact decides on a purchase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum PurchaseInfluence {
    High,
    Medium,
    Low,
    Unknown,
}

/// Authority of a contact over a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum DecisionAuthority {
    #[serde(rename = "Decision Maker")]
    DecisionMaker,
    Influencer,
    #[serde(rename = "End User")]
    EndUser,
    Gatekeeper,
}

/// An opportunity.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Opportunity {
    pub id: i64,
    pub name: String,
    /// The customer; always equal to `customer_organization_id`.
    pub company_id: Option<i64>,
    /// Contacts in the order they were chosen.
    pub contact_ids: Option<Vec<Option<i64>>>,
    pub category: Option<String>,
    /// The stage in the old vocabulary, as `/deals` shows it.
    pub legacy_stage: String,
    pub description: Option<String>,
    /// Whole units of the configured currency.
    pub amount: Option<i64>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// Always equal to `deleted_at`: the older name for "archived".
    pub archived_at: Option<DateTime<Utc>>,
    /// A timestamp or a date, as the database was created.
    pub expected_closing_date: Option<String>,
    pub sales_id: Option<i64>,
    /// Position on the board.
    pub index: Option<i16>,
    pub stage: OpportunityStage,
    pub status: OpportunityStatus,
    pub priority: PriorityLevel,
    /// Per cent.
    #[schema(minimum = 0, maximum = 100)]
    pub probability: i32,
    /// UTC day of `expected_closing_date`.
    pub estimated_close_date: Option<NaiveDate>,
    /// Set when the stage becomes closed, cleared when it is reopened.
    pub actual_close_date: Option<NaiveDate>,
    pub customer_organization_id: Option<i64>,
    pub principal_organization_id: Option<i64>,
    pub distributor_organization_id: Option<i64>,
    /// First interaction logged.
    pub founding_interaction_id: Option<i64>,
    /// The probability was set by hand.
    pub stage_manual: bool,
    /// The status was set by hand.
    pub status_manual: bool,
    pub next_action: Option<String>,
    pub next_action_date: Option<NaiveDate>,
    pub competition: Option<String>,
    pub decision_criteria: Option<String>,
    /// When it was archived.
    pub deleted_at: Option<DateTime<Utc>>,
    /// `company_id` on the day of the migration.
    pub original_company_id: Option<i64>,
    /// Full-text search vector, maintained by the database.
    pub search_tsv: Option<String>,
}

/// Columns of an opportunity that a client may write. Halves of a pair (company and customer,
/// archived and deleted, expected and estimated date) follow one another.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
#[schema(example = json!({"name": "Spring order", "stage": "lead", "amount": 12000}))]
pub struct OpportunityInput {
    pub name: Option<String>,
    pub company_id: Option<i64>,
    pub customer_organization_id: Option<i64>,
    pub principal_organization_id: Option<i64>,
    pub distributor_organization_id: Option<i64>,
    pub contact_ids: Option<Vec<Option<i64>>>,
    pub category: Option<String>,
    pub description: Option<String>,
    pub amount: Option<i64>,
    pub stage: Option<OpportunityStage>,
    pub status: Option<OpportunityStatus>,
    pub priority: Option<PriorityLevel>,
    /// Per cent. Left out, it follows the stage.
    #[schema(minimum = 0, maximum = 100)]
    pub probability: Option<i32>,
    pub stage_manual: Option<bool>,
    pub status_manual: Option<bool>,
    pub expected_closing_date: Option<String>,
    pub estimated_close_date: Option<NaiveDate>,
    pub actual_close_date: Option<NaiveDate>,
    pub next_action: Option<String>,
    pub next_action_date: Option<NaiveDate>,
    pub competition: Option<String>,
    pub decision_criteria: Option<String>,
    pub sales_id: Option<i64>,
    pub index: Option<i16>,
    pub archived_at: Option<String>,
    pub deleted_at: Option<String>,
}

/// An opportunity in the old vocabulary.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Deal {
    pub id: i64,
    pub name: String,
    pub company_id: Option<i64>,
    pub contact_ids: Option<Vec<Option<i64>>>,
    pub category: Option<String>,
    /// Free text of the configured list: `opportunity`, `proposal-sent`, `in-negociation`, `won`,
    /// `lost`, `delayed`.
    pub stage: String,
    pub description: Option<String>,
    pub amount: Option<i64>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub archived_at: Option<DateTime<Utc>>,
    /// A timestamp or a date, as the database was created.
    pub expected_closing_date: Option<String>,
    pub sales_id: Option<i64>,
    pub index: Option<i16>,
}

/// Columns of a deal that a client may write.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
#[schema(example = json!({"name": "Spring order", "stage": "opportunity", "amount": 12000}))]
pub struct DealInput {
    pub name: Option<String>,
    pub company_id: Option<i64>,
    pub contact_ids: Option<Vec<Option<i64>>>,
    pub category: Option<String>,
    pub stage: Option<String>,
    pub description: Option<String>,
    pub amount: Option<i64>,
    pub archived_at: Option<String>,
    pub expected_closing_date: Option<String>,
    pub sales_id: Option<i64>,
    pub index: Option<i16>,
}

/// A contact's place in an organisation.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactOrganization {
    pub id: i64,
    pub contact_id: i64,
    pub organization_id: i64,
    /// This organisation is the contact's `company_id`.
    pub is_primary_organization: bool,
    pub is_primary_contact: bool,
    /// The same fact as `is_primary_contact`; kept equal.
    pub is_primary_decision_maker: bool,
    pub role: Option<ContactRole>,
    pub purchase_influence: Option<PurchaseInfluence>,
    pub decision_authority: Option<DecisionAuthority>,
    pub relationship_start_date: Option<NaiveDate>,
    /// Not before the start.
    pub relationship_end_date: Option<NaiveDate>,
    pub notes: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub created_by: Option<i64>,
    pub deleted_at: Option<DateTime<Utc>>,
}

/// Columns of a contact-organisation relation that a client may write.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
#[schema(example = json!({"contact_id": 1, "organization_id": 2, "role": "influencer"}))]
pub struct ContactOrganizationInput {
    pub contact_id: Option<i64>,
    pub organization_id: Option<i64>,
    pub is_primary_organization: Option<bool>,
    pub is_primary_contact: Option<bool>,
    pub is_primary_decision_maker: Option<bool>,
    pub role: Option<ContactRole>,
    pub purchase_influence: Option<PurchaseInfluence>,
    pub decision_authority: Option<DecisionAuthority>,
    pub relationship_start_date: Option<NaiveDate>,
    pub relationship_end_date: Option<NaiveDate>,
    pub notes: Option<String>,
    pub created_by: Option<i64>,
    pub deleted_at: Option<String>,
}

/// An organisation's part in an opportunity.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpportunityParticipant {
    pub id: i64,
    pub opportunity_id: i64,
    pub organization_id: i64,
    pub role: ParticipantRole,
    /// At most one primary per opportunity and role.
    pub is_primary: bool,
    /// A fraction; not used.
    pub commission_rate: Option<f64>,
    /// Not used.
    pub territory: Option<String>,
    pub notes: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub created_by: Option<i64>,
    pub deleted_at: Option<DateTime<Utc>>,
}

/// Columns of a participant that a client may write.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
#[schema(example = json!({"opportunity_id": 1, "organization_id": 2, "role": "partner"}))]
pub struct OpportunityParticipantInput {
    pub opportunity_id: Option<i64>,
    pub organization_id: Option<i64>,
    pub role: Option<ParticipantRole>,
    pub is_primary: Option<bool>,
    pub commission_rate: Option<f64>,
    pub territory: Option<String>,
    pub notes: Option<String>,
    pub created_by: Option<i64>,
    pub deleted_at: Option<String>,
}
