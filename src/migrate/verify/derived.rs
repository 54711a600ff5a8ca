//! Derived rows: what the migration made out of the old rows is what its own statements make of the backup.
//!
//! In: the backup set, the moment of the cut-over. Out: a check per kind of derived row. What is right is asked
//! of the backfill's own SELECT, cut out of its file and pointed at the backup's copies, so the mapping is
//! written once. Rows whose source was written since, and derived rows that users edited or added after the
//! cut-over, are left out; rows that are missing are [`super::counts`]' to find.

use chrono::{DateTime, Utc};
use tokio_postgres::Client;

use super::backup_set::BackupSet;
use super::outcome::Check;
use super::outcome::Severity::{High, Medium};
use super::rule::{self, Rule};
use super::{Options, Writes};
use crate::migrate::Fault;
use crate::migrate::backfill::RANGE;
use crate::pg::ident::{quote_ident, quote_literal};
use crate::pg::migrations::{self, Baseline};

/// Columns that may hold the moment of the migration, which is not known afterwards.
const MOMENTS: [&str; 3] = ["created_at", "activity_date", "relationship_start_date"];
/// Columns that are not compared: their change is how a user's edit is known, or the copy lacks their source.
const LEFT_OUT: [&str; 4] = [
    "updated_at",
    "role",
    "purchase_influence",
    "decision_authority",
];

/// A backfill, what its rows must be, and what the tables that it reads are.
struct Derived {
    rules: &'static [Rule],
    file: &'static str,
    sql: &'static str,
    sources: &'static [(&'static str, &'static str)],
}

const DEALS: (&str, &str) = (
    "public.deals",
    "(select b.*, null::text as next_action from {deals} b)",
);
const CONTACTS: (&str, &str) = (
    "public.contacts",
    "(select b.*, null::public.contact_role as role, null::text as purchase_influence, \
      null::text as decision_authority from {contacts} b)",
);

#[rustfmt::skip]
const DERIVED: &[Derived] = &[
    Derived {
        rules: &[Rule("derived.opportunities", "The new columns of an opportunity are what its deal makes them", High)],
        file: "1_1_backfill_deals",
        sql: include_str!("sql/derived/opportunities.sql"),
        sources: &[DEALS],
    },
    Derived {
        rules: &[Rule("derived.contact_organizations", "A contact's organisations are what the contact makes them", High)],
        file: "1_2_backfill_contact_organizations",
        sql: include_str!("sql/derived/organizations.sql"),
        sources: &[CONTACTS],
    },
    Derived {
        rules: &[Rule("derived.participants", "An opportunity's participants are what its deal makes them", High)],
        file: "1_3_backfill_participants",
        sql: include_str!("sql/derived/participants.sql"),
        sources: &[DEALS],
    },
    Derived {
        rules: &[
            Rule("derived.contacts_order", "An opportunity's contacts are in the order of contact_ids", Medium),
            Rule("derived.contacts_renumbered", "The contacts of opportunities were not renumbered", High),
        ],
        file: "1_3_backfill_opportunity_contacts",
        sql: include_str!("sql/derived/contacts.sql"),
        // A subquery has no primary key that its other columns depend on.
        sources: &[DEALS, ("group by d.id, u.id", "group by d.id, u.id, d.created_at")],
    },
    Derived {
        rules: &[Rule("derived.interactions", "An interaction is what its deal note makes it", High)],
        file: "1_4_backfill_deal_notes",
        sql: include_str!("sql/derived/interactions.sql"),
        sources: &[DEALS, ("private.deal_notes", "{deal_notes}")],
    },
    Derived {
        rules: &[Rule("derived.engagements", "An engagement is what its contact note makes it", High)],
        file: "1_4_backfill_contact_notes",
        sql: include_str!("sql/derived/engagements.sql"),
        sources: &[CONTACTS, ("private.contact_notes", "{contact_notes}")],
    },
    Derived {
        rules: &[Rule("derived.tasks", "An engagement is what its task makes it", High)],
        file: "1_4_backfill_tasks",
        sql: include_str!("sql/derived/tasks.sql"),
        sources: &[CONTACTS, ("public.tasks", "{tasks}")],
    },
    Derived {
        rules: &[Rule("derived.founding", "The founding interaction is the first of the deal's notes", High)],
        file: "1_4_backfill_founding",
        sql: include_str!("sql/derived/founding.sql"),
        // Users add interactions and delete them; the backfill knew those of the notes alone.
        sources: &[DEALS, ("a.activity_type = 'interaction' and a.deleted_at is null", "a.source = 'deal_note'")],
    },
];

/// The checks. Inside the transaction of [`rule::begin`].
pub(super) async fn check(
    client: &Client,
    set: Option<&BackupSet>,
    cut_over: Option<DateTime<Utc>>,
    options: &Options,
) -> Result<Vec<Check>, Fault> {
    let Some(set) = set else {
        let why = "there is no verified backup set to derive from";
        let all = DERIVED
            .iter()
            .filter(|_| options.backup_comparison)
            .flat_map(|derived| rule::not_evaluated(derived.rules, why));
        return Ok(all.collect());
    };
    let since = match options.writes {
        Writes::None => "infinity".to_owned(),
        Writes::AsKnown | Writes::Traced | Writes::Any => {
            cut_over.unwrap_or(set.taken_at).to_rfc3339()
        }
    };
    client
        .batch_execute("set local migration.moment = '-infinity'")
        .await?;
    let mut checks = vec![];
    for derived in DERIVED {
        let sql = statement(derived, options.baseline)
            .ok_or_else(|| format!("no SELECT was found in {}", derived.file))
            .and_then(|sql| set.fill(&sql));
        checks.extend(match sql {
            Ok(sql) => {
                let since = format!("{}::timestamptz", quote_literal(&since));
                rule::broken(client, derived.rules, &sql.replace("{since}", &since)).await?
            }
            Err(why) => rule::not_evaluated(derived.rules, &why),
        });
    }
    Ok(checks)
}

/// The query of a kind, with the names of the copies still to be filled in.
fn statement(derived: &Derived, baseline: Baseline) -> Option<String> {
    let files = migrations::migrations(baseline);
    let file = files.iter().find(|file| file.name == derived.file)?;
    let (columns, wanted) = made_by_insert(file.sql).or_else(|| made_by_update(file.sql))?;
    let mut wanted = wanted.replace(RANGE, "is not null");
    for (table, source) in derived.sources {
        if !wanted.contains(table) {
            return None;
        }
        wanted = wanted.replace(table, source);
    }
    let same: Vec<String> = columns
        .iter()
        .filter(|column| !LEFT_OUT.contains(column))
        .map(|column| {
            let name = quote_ident(column);
            // As text: a constant of the SELECT has no other type.
            let is_same = format!("a.{name}::text is not distinct from w.{name}::text");
            if MOMENTS.contains(column) {
                format!("(w.{name} = '-infinity' or {is_same})")
            } else {
                is_same
            }
        })
        .collect();
    let columns: Vec<String> = columns.iter().map(|column| quote_ident(column)).collect();
    Some(
        derived
            .sql
            .replace("{wanted}", &wanted)
            .replace("{columns}", &columns.join(", "))
            .replace("{same}", &same.join(" and ")),
    )
}

/// Columns and SELECT of the file's INSERT, without its order.
fn made_by_insert(sql: &str) -> Option<(Vec<&str>, String)> {
    let insert = sql.find("insert into public.")?;
    let with = sql[..insert].rfind(';').map_or(0, |end| end + 1);
    let open = insert + sql[insert..].find('(')?;
    let close = open + sql[open..].find(')')?;
    let end = close + sql[close..].find("\non conflict")?;
    let select = &sql[close + 1..end];
    let select = &select[..select.rfind("\n order by")?];
    let columns = sql[open + 1..close].split(',').map(str::trim).collect();
    Some((columns, format!("{}{select}", &sql[with..insert])))
}

/// The subquery that the file's UPDATE takes its values from.
fn made_by_update(sql: &str) -> Option<(Vec<&str>, String)> {
    const BEGIN: &str = "\n  from (select";
    const END: &str = "offset 0) made";
    let begin = sql.find(BEGIN)? + "\n  from ".len();
    let end = begin + sql[begin..].find(END)? + "offset 0)".len();
    Some((vec![], sql[begin..end].to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_backfill_says_what_it_makes_and_nothing_is_read_from_the_tables_it_read() {
        for baseline in [Baseline::Fork, Baseline::Upstream] {
            for derived in DERIVED {
                let sql = statement(derived, baseline).expect(derived.file);
                assert!(!sql.contains("{wanted}") && !sql.contains(RANGE), "{sql}");
                assert!(!sql.contains("private.deal_notes "), "{sql}");
                assert!(!sql.contains("public.deals "), "{sql}");
                assert!(!sql.contains("on conflict"), "{sql}");
            }
        }
    }
}
