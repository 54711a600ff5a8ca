//! The table of the rules.
//!
//! In: nothing; the rules are constants, their SQL is in `sql/`. Out: [`RULES`].

use super::rules::{Argument, Check, Entity, Group, Rule, Severity};

use Entity::{Companies, ContactNotes, Contacts, DealNotes, Deals, Sales, Tags, Tasks};
use Group::{Quality, Referential, Required, System, Unique};
use Severity::{Critical, High, Info, Low, Medium};

const fn rows(
    id: &'static str,
    severity: Severity,
    group: Group,
    scope: &'static [Entity],
    title: &'static str,
    sql: &'static str,
    hint: &'static str,
) -> Rule {
    Rule {
        id,
        severity,
        group,
        scope,
        title,
        check: Check::Rows(sql),
        hint,
        gated: severity.rank() >= Medium.rank(),
        counted: true,
        fix: None,
    }
}

const fn system(
    id: &'static str,
    severity: Severity,
    title: &'static str,
    check: Check,
    hint: &'static str,
) -> Rule {
    Rule {
        id,
        severity,
        group: System,
        scope: &[],
        title,
        check,
        hint,
        gated: false,
        counted: true,
        fix: None,
    }
}

impl Rule {
    /// A healthy CRM breaks it by the dozen: reported, and no part of the warning rate.
    const fn reported_only(self) -> Self {
        Self {
            gated: false,
            ..self
        }
    }

    const fn by_rate(self) -> Self {
        Self {
            counted: false,
            ..self
        }
    }

    const fn fixed_by(self, sql: &'static str) -> Self {
        Self {
            fix: Some(sql),
            ..self
        }
    }
}

macro_rules! sql {
    ($name:literal) => {
        include_str!(concat!("sql/", $name, ".sql"))
    };
}

const NOTES: &[Entity] = &[ContactNotes, DealNotes];

/// Every rule, in the order of the reports. A rule is two lines: this is a table to be read down.
#[rustfmt::skip]
pub const RULES: &[Rule] = &[
    rows("R1", High, Referential, &[Contacts], "contact's company does not exist", sql!("r1"),
        "set company_id to a company that exists, or to null").fixed_by(sql!("fix_r1")),
    rows("R2", Medium, Referential, &[Contacts], "contact without a company", sql!("r2"),
        "assign a company later; the contact migrates as it is").reported_only(),
    rows("R3", Critical, Referential, &[Deals], "deal's company does not exist", sql!("r3"),
        "set company_id to a company that exists, or to null").fixed_by(sql!("fix_r3")),
    rows("R4", High, Referential, &[Deals], "deal without a company", sql!("r4"),
        "assign a company; without one the opportunity has no customer").by_rate(),
    rows("R5", High, Referential, &[Deals], "deal names a contact who does not exist", sql!("r5"),
        "remove the ids from contact_ids; they stay in the array and get no row of their own").by_rate(),
    rows("R6", Low, Referential, &[Deals], "null or repeated id in the deal's contacts", sql!("r6"),
        "nothing to do: the array is kept, each contact gets one row"),
    rows("R7", Medium, Referential, NOTES, "note whose contact or deal does not exist", sql!("r7"),
        "delete the note or restore what it belongs to; it is not copied into activities"),
    rows("R8", Medium, Referential, &[Tasks], "task whose contact does not exist", sql!("r8"),
        "delete the task or restore the contact; it is not copied into activities"),
    rows("R9", Low, Referential, &[Tasks], "task's owner does not exist", sql!("r9"),
        "set sales_id to a user, or to null").fixed_by(sql!("fix_r9")),
    rows("R10", High, Referential, &[Companies, Contacts, Deals, ContactNotes, DealNotes],
        "owner does not exist", sql!("r10"), "set sales_id to a user, or to null").fixed_by(sql!("fix_r10")),
    rows("R11", Low, Referential, &[Contacts], "contact has a tag that does not exist", sql!("r11"),
        "remove the id from tags"),
    rows("R12", Low, Referential, &[Deals], "deal's contact works for another company", sql!("r12"),
        "nothing to do; the contact is kept on the opportunity"),
    rows("U1", Low, Unique, &[Companies], "companies of the same name", sql!("u1"),
        "merge them if they are one company"),
    rows("U2", Medium, Unique, &[Contacts], "e-mail address twice within a company", sql!("u2"),
        "merge the contacts if they are one person"),
    rows("U3", Low, Unique, &[Contacts], "phone number twice within a company", sql!("u3"),
        "merge the contacts if they are one person"),
    rows("U4", Medium, Unique, &[Deals], "deals of a company with the same name", sql!("u4"),
        "rename or merge them"),
    rows("U5", Critical, Unique, &[Contacts, Deals], "rows that a new unique index would refuse", sql!("u5"),
        "an id is there twice: rebuild the primary key's index and repair the table"),
    rows("U6", Low, Unique, &[Tags], "tags of the same name", sql!("u6"), "merge them"),
    rows("U7", Critical, Unique, &[Sales], "users with the same e-mail address", sql!("u7"),
        "give each user an address of their own"),
    rows("U8", Info, Unique, &[Companies], "more than ten contacts: who is the primary one?", sql!("u8"),
        "mark the primary contact after the migration"),
    rows("F1", High, Required, &[Companies, Deals], "empty name", sql!("f1"), "give it a name"),
    rows("F1-null", Critical, Required, &[Companies, Deals], "no name", sql!("f1_null"),
        "give it a name; the table should refuse this"),
    rows("F2", High, Required, &[Contacts], "contact with neither first nor last name", sql!("f2"),
        "give the contact a name"),
    rows("F3", Medium, Required, &[Contacts], "contact with neither e-mail nor phone", sql!("f3"),
        "add one when it is known").reported_only(),
    rows("F4", Medium, Required, &[Companies], "company without a sector", sql!("f4"),
        "choose a sector").reported_only(),
    rows("F4-custom", Info, Required, &[Companies], "sector outside the configured list", sql!("f4_custom"),
        "nothing to do: the text is kept"),
    rows("F5", Medium, Required, &[Companies], "company without contacts", sql!("f5"),
        "add a contact, or remove the company"),
    rows("F6", Medium, Required, NOTES, "note without text", sql!("f6"), "write a text or delete the note"),
    rows("F7", Medium, Required, &[Tasks], "task without a type", sql!("f7"), "choose a type"),
    rows("F8", High, Required, &[Deals], "deal with an empty stage", sql!("f8"),
        "choose a stage; empty becomes lead"),
    rows("F8-unknown", Medium, Required, &[Deals], "deal with an unknown stage", sql!("f8_unknown"),
        "say what it means with --stage-map 'text=stage'; unknown becomes lead"),
    rows("F8-long", Critical, Required, &[Deals], "deal whose stage is longer than 2,000 bytes", sql!("f8_long"),
        "shorten it; a new index could not hold it"),
    rows("F9", Low, Required, &[Deals], "deal without an amount above zero", sql!("f9"),
        "enter the amount when it is known"),
    rows("Q1", Medium, Quality, &[Contacts], "e-mail address not like x@y.z", sql!("q1"), "correct the address"),
    rows("Q1-shape", High, Quality, &[Contacts], "e-mail addresses are not a list", sql!("q1_shape"),
        "make email_jsonb an array of {email, type}"),
    rows("Q2", Low, Quality, &[Contacts], "unusual phone number", sql!("q2"), "correct the number"),
    rows("Q2-shape", High, Quality, &[Contacts], "phone numbers are not a list", sql!("q2_shape"),
        "make phone_jsonb an array of {number, type}"),
    rows("Q3", Low, Quality, &[Companies], "website without a scheme", sql!("q3"), "put https:// in front")
        .fixed_by(sql!("fix_q3")),
    rows("Q4", Low, Quality, &[Deals], "closing date out of range", sql!("q4"), "correct the date"),
    rows("Q5", Low, Quality, &[Deals], "amount out of range", sql!("q5"),
        "correct the amount, or raise OPPORTUNITY_MAX_AMOUNT"),
    rows("Q6", Low, Quality, &[Deals, Contacts], "dates in the wrong order", sql!("q6"), "correct the dates"),
    rows("Q7", Info, Quality, &[Companies, Contacts, Deals], "more text than the search takes", sql!("q7"),
        "nothing to do: the text is kept, its first 200,000 characters can be found"),
    system("S1", Critical, "the schema differs from the baseline where the migration works", Check::CatalogueDiffers,
        "bring the objects back to the baseline, or migrate them by hand first"),
    system("S1-extra", Info, "differences from the baseline that do not matter", Check::CatalogueExtra, "they stay as they are"),
    system("S2", High, "objects outside the baseline depend on deals",
        Check::Items(sql!("s2"), Argument::BaselineObjects),
        "rebuild them after the migration; when that is planned, --acknowledge S2"),
    system("S2-grants", High, "privileges that the migration would change", Check::Items(sql!("s2_grants"), Argument::None),
        "guard by policies instead, or set the privileges again after the migration (whoever writes needs USAGE on schema private and on the sequences, and rights and policies on the tables that follow); when that is planned, --acknowledge S2-grants"),
    system("S2-hidden", Critical, "a restrictive policy hides rows that the migration copies",
        Check::Items(sql!("s2_hidden"), Argument::None),
        "close the CRM, drop the policy, migrate --offline, write it for the old table and for activities, contact_organizations, opportunity_contacts and opportunity_participants, then open"),
    system("S2-keys", Medium, "tables outside the baseline have keys to deals or their notes, by columns not called deal_id",
        Check::Items(sql!("s2_keys"), Argument::BaselineObjects),
        "they migrate as they are; embeds by the key's column or name show the opportunity: clients that want the old words name the old table, deals(...)"),
    system("S2-owners", Critical, "tables whose owner may not use what the migration's triggers use",
        Check::Items(sql!("s2_owners"), Argument::None),
        "give them to the role that migrates (alter table … owner to …), or make their owner a member of authenticated"),
    system("S2-publications", High, "subscribers follow tables whose names change",
        Check::Items(sql!("s2_publications"), Argument::None),
        "make tables of the new names at the subscribers, or end the subscriptions: they stop, and their slots keep the log; when that is planned, --acknowledge S2-publications"),
    system("S2-views", Critical, "objects outside the baseline stand on views that the migration replaces",
        Check::Items(sql!("s2_views"), Argument::BaselineObjects),
        "drop them, and make them again after the migration"),
    system("S3", Critical, "names that the migration creates are taken", Check::NamesTaken,
        "rename or drop the objects"),
    system("S4", Critical, "free space on the data volume is below twice the database's size", Check::Space,
        "make room; when the server is elsewhere, say what it has with --free-bytes"),
    system("S5", High, "a bad moment", Check::Items(sql!("s5"), Argument::None),
        "rebuild what is invalid, validate constraints, end or wait for the transactions"),
    system("S6", Critical, "the role lacks rights", Check::Items(sql!("s6"), Argument::TouchedTables),
        "connect as the tables' owner with BYPASSRLS, or as a superuser"),
    system("S7", Critical, "no verified backup of this run", Check::Items(sql!("s7"), Argument::Run),
        "take one: `oppbase migrate backup`"),
    system("S8", Medium, "more than ten connections of the application", Check::Items(sql!("s8"), Argument::None),
        "migrate at a quieter time, or go on: clients are not interrupted"),
];
