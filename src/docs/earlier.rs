//! What an earlier guide promised and the database never had: who followed it finds here what to write.

/// Topic, what the earlier guide said, what is true, what to do.
pub struct Correction {
    pub topic: &'static str,
    pub earlier: &'static str,
    pub real: &'static str,
    pub remedy: &'static str,
}

const fn correction(
    topic: &'static str,
    earlier: &'static str,
    real: &'static str,
    remedy: &'static str,
) -> Correction {
    Correction {
        topic,
        earlier,
        real,
        remedy,
    }
}

/// The contradictions, one a row.
pub const CORRECTIONS: &[Correction] = &[
    correction(
        "amount",
        "`expected_revenue`, a number",
        "`amount`, a whole number of 64 bits",
        "rename; round fractions yourself",
    ),
    correction(
        "closing date",
        "`close_date` becomes `expected_close_date`",
        "`expected_closing_date` keeps its name; `estimated_close_date` is its UTC day",
        "write either, the other follows",
    ),
    correction(
        "ids",
        "UUIDs",
        "whole numbers, the same as before",
        "parse as a 64-bit number",
    ),
    correction(
        "status",
        "`active`, `won`, `lost`, `archived`",
        "`active`, `on_hold`, `nurturing`, `stalled`, `expired`",
        "won and lost are stages (`closed_won`, `closed_lost`); archived is `archived_at`",
    ),
    correction(
        "type and currency",
        "`type` (`new_business`, …) and `currency`",
        "neither column is there",
        "use `category`; amounts are in the configured currency",
    ),
    correction(
        "stages",
        "`qualification`, `negotiation`, `closed`",
        "the eight values of the table above",
        "write the new values; the old words are read under the old names only",
    ),
    correction(
        "participants",
        "contacts with a role (`contact_id`)",
        "`opportunity_participants` are organisations with a role; contacts are in `opportunity_contacts`",
        "send `organization_id`, or use `contact_ids`",
    ),
    correction(
        "contact of a deal",
        "one `contact_id`",
        "`contact_ids`, a list; roles in `opportunity_contacts`",
        "send a list of one",
    ),
    correction(
        "notes",
        "`opportunity_notes`",
        "`opportunityNotes`; `opportunity_notes` is served as a second name",
        "either works",
    ),
    correction(
        "version header",
        "`X-API-Version` selects a model",
        "there is one model",
        "leave the header out",
    ),
];
