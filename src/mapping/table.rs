//! The table: old relation → new relation, columns, values, names. One block per relation.
//!
//! Everything that needs to know what an old word means reads it here: the generated SQL, the legacy
//! endpoints, webhook payloads, the OpenAPI document, the migration guide and the dry run. The rules that
//! every entry obeys are tested over all entries.

use super::{ColumnMap, NameMap, RelationMap, StageMap};

const fn same(name: &'static str) -> ColumnMap {
    ColumnMap {
        old: name,
        new: name,
        twin: None,
        derives: &[],
        note: "",
    }
}

/// Relations with an old face.
pub const RELATIONS: &[RelationMap] = &[DEALS, DEAL_NOTES];

/// Old table `deals` → `opportunities`.
pub const DEALS: RelationMap = RelationMap {
    old: &["deals"],
    new: "opportunities",
    aliases: &[],
    columns: &[
        same("id"),
        same("name"),
        ColumnMap {
            old: "company_id",
            new: "company_id",
            twin: Some("customer_organization_id"),
            derives: &[],
            note: "always equal to customer_organization_id; the primary customer participant follows",
        },
        ColumnMap {
            old: "contact_ids",
            new: "contact_ids",
            twin: None,
            derives: &[],
            note: "stored exactly as sent; opportunity_contacts holds the distinct contacts that exist",
        },
        same("category"),
        ColumnMap {
            old: "stage",
            new: "legacy_stage",
            twin: None,
            derives: &[
                "stage",
                "probability",
                "stage_manual",
                "status",
                "status_manual",
                "actual_close_date",
            ],
            note: "the old text; the enum stands beside it in opportunities.stage",
        },
        same("description"),
        same("amount"),
        same("created_at"),
        ColumnMap {
            old: "updated_at",
            new: "updated_at",
            twin: None,
            derives: &[],
            note: "now() when a business column changed and the writer did not set it",
        },
        ColumnMap {
            old: "archived_at",
            new: "archived_at",
            twin: Some("deleted_at"),
            derives: &[],
            note: "always equal to deleted_at",
        },
        ColumnMap {
            old: "expected_closing_date",
            new: "expected_closing_date",
            twin: Some("estimated_close_date"),
            derives: &[],
            note: "estimated_close_date is its UTC date",
        },
        same("sales_id"),
        same("index"),
    ],
    foreign_keys: &[
        name("deals_company_id_fkey", "opportunities_company_id_fkey", ""),
        name("deals_sales_id_fkey", "opportunities_sales_id_fkey", ""),
    ],
    marker: Some("search_tsv"),
    note: "the old face is an updatable view with the caller's rights; ids are shared",
};

/// Old tables `"dealNotes"` (fork) and `deal_notes` (upstream) → `"opportunityNotes"`.
pub const DEAL_NOTES: RelationMap = RelationMap {
    old: &["dealNotes", "deal_notes"],
    new: "opportunityNotes",
    aliases: &["opportunity_notes"],
    columns: &[
        same("id"),
        ColumnMap {
            old: "deal_id",
            new: "opportunity_id",
            twin: None,
            derives: &[],
            note: "",
        },
        same("type"),
        same("text"),
        same("date"),
        same("sales_id"),
        same("attachments"),
    ],
    // Upstream's deal_notes had the same.
    foreign_keys: &[
        name(
            "dealNotes_deal_id_fkey",
            "opportunityNotes_opportunity_id_fkey",
            "",
        ),
        name(
            "dealNotes_sales_id_fkey",
            "opportunityNotes_sales_id_fkey",
            "",
        ),
    ],
    marker: None,
    note: "all names are served on both variants",
};

/// Views of the old face that read several relations, and what takes their place.
pub const VIEWS: &[NameMap] = &[
    name(
        "deals_summary",
        "opportunities_summary",
        "the old columns with company and contact names",
    ),
    name(
        "activity_log",
        "opportunity_activity_log",
        "the old types, ids and column names",
    ),
];

/// The enum `opportunity_stage`, in its order.
pub const STAGES: &[StageMap] = &[
    StageMap {
        stage: "lead",
        legacy: "opportunity",
        words: &["lead", "new", "discovery", "prospecting", "prospect"],
        probability: 10,
        status: "active",
        closed: false,
    },
    StageMap {
        stage: "qualified",
        legacy: "opportunity",
        words: &["opportunity", "qualified", "qualification"],
        probability: 25,
        status: "active",
        closed: false,
    },
    StageMap {
        stage: "needs_analysis",
        legacy: "opportunity",
        words: &["needs-analysis", "demo"],
        probability: 40,
        status: "active",
        closed: false,
    },
    StageMap {
        stage: "proposal",
        legacy: "proposal-sent",
        words: &["proposal-sent", "proposal"],
        probability: 60,
        status: "active",
        closed: false,
    },
    StageMap {
        stage: "negotiation",
        legacy: "in-negociation",
        words: &[
            "in-negociation",
            "in-negotiation",
            "negotiation",
            "negociation",
        ],
        probability: 80,
        status: "active",
        closed: false,
    },
    StageMap {
        stage: "closed_won",
        legacy: "won",
        words: &["won", "closed-won", "closed"],
        probability: 100,
        status: "active",
        closed: true,
    },
    StageMap {
        stage: "closed_lost",
        legacy: "lost",
        words: &["lost", "closed-lost"],
        probability: 0,
        status: "active",
        closed: true,
    },
    StageMap {
        stage: "nurturing",
        legacy: "delayed",
        words: &["delayed", "nurturing", "on-hold"],
        probability: 15,
        status: "nurturing",
        closed: false,
    },
];

/// The old boards' columns when nothing is configured, in their order.
pub const DEFAULT_DEAL_STAGES: &[&str] = &[
    "opportunity",
    "proposal-sent",
    "in-negociation",
    "won",
    "lost",
    "delayed",
];

/// The stage of an unknown text, and of a new row that names none.
pub const DEFAULT_STAGE: &str = "lead";

/// On insert this probability is the new form's untouched default, not a decision of its user.
pub const UNTOUCHED_PROBABILITY: u8 = 50;

/// Webhook events. Old subscriptions are kept.
pub const EVENTS: &[NameMap] = &[
    name("deal.created", "opportunity.created", "insert"),
    name(
        "deal.updated",
        "opportunity.updated",
        "any business column changed, not the index alone",
    ),
    name(
        "deal.stage_changed",
        "opportunity.stage_changed",
        "old: the text changed; new: the enum changed",
    ),
    name("deal.won", "opportunity.won", "stage enters closed_won"),
    name("deal.lost", "opportunity.lost", "stage enters closed_lost"),
    name("deal.archived", "opportunity.archived", "archived_at set"),
    name("deal.deleted", "opportunity.deleted", "row deleted"),
    name(
        "dealNote.created",
        "opportunity_note.created",
        "note inserted",
    ),
];

/// Types of rows in the activity log.
pub const ACTIVITY_TYPES: &[NameMap] = &[
    name("deal.created", "opportunity.created", ""),
    name("dealNote.created", "opportunityNote.created", ""),
];

/// Entity names in audit rows, which are not rewritten.
pub const ENTITIES: &[NameMap] = &[
    name("deals", "opportunity", ""),
    name("deal", "opportunity", ""),
    name("dealNotes", "opportunity_note", ""),
    name("deal_notes", "opportunity_note", ""),
];

/// Keys of the configuration row. Old keys stay; new ones are added beside them.
pub const CONFIGURATION_KEYS: &[NameMap] = &[
    name("dealStages", "opportunityStages", "the eight stages"),
    name("dealCategories", "opportunityCategories", ""),
];

/// Environment variables with their defaults. Any other `DEAL_X` reads as `OPPORTUNITY_X`.
pub const ENVIRONMENT: &[NameMap] = &[
    name(
        "DEAL_DEFAULT_CATEGORY",
        "OPPORTUNITY_DEFAULT_CATEGORY",
        "new_business",
    ),
    name("DEAL_DEFAULT_STAGE", "OPPORTUNITY_DEFAULT_STAGE", "lead"),
    name(
        "DEAL_PIPELINE_STAGES",
        "OPPORTUNITY_PIPELINE_STAGES",
        "lead,qualified,needs_analysis,proposal,negotiation,closed_won,closed_lost,nurturing",
    ),
    name("DEAL_MAX_AMOUNT", "OPPORTUNITY_MAX_AMOUNT", "1000000"),
    name(
        "DEAL_DEFAULT_PROBABILITY",
        "OPPORTUNITY_DEFAULT_PROBABILITY",
        "50",
    ),
];

const fn name(old: &'static str, new: &'static str, note: &'static str) -> NameMap {
    NameMap { old, new, note }
}
