//! Backward compatibility: what old clients do goes on working, tried as a signed-in user.
//!
//! In: a migrated database. Out: one check per habit of old clients. Each is a block of SQL that raises an
//! exception when something is not as it was, run as `authenticated` and rolled back.

use tokio_postgres::Client;

use super::outcome::Severity::{Critical, Medium};
use super::outcome::{Category, Check};
use super::own::Own;
use super::own_rules::{Aside, Next};
use super::trial::{Account, Attempt, Refusal, Trial, with_free_ids};
use crate::migrate::Fault;

/// Id, title, block.
#[rustfmt::skip]
const HABITS: &[(&str, &str, &str)] = &[
    ("compatibility.save_deal", "Saving a deal unchanged changes nothing (GetPut)",
        include_str!("sql/compatibility/saving_a_deal_unchanged.sql")),
    ("compatibility.save_note", "Saving a note unchanged under any of its names changes nothing",
        include_str!("sql/compatibility/saving_a_note_unchanged.sql")),
    ("compatibility.deal", "A deal made, moved and deleted in old words (PutGet)",
        include_str!("sql/compatibility/a_deal_in_old_words.sql")),
    ("compatibility.notes", "A note written, changed and deleted under old names",
        include_str!("sql/compatibility/notes_in_old_words.sql")),
    ("compatibility.contact_company", "contacts.company_id moves the primary organisation",
        include_str!("sql/compatibility/a_contact_changes_company.sql")),
    ("compatibility.activity_log", "The activity log in old words and in new",
        include_str!("sql/compatibility/the_old_log.sql")),
    ("compatibility.merge_contacts", "Merging two contacts",
        include_str!("sql/compatibility/merging_contacts.sql")),
];

pub(super) async fn check(client: &Client, samples: u32, own: &Own) -> Result<Category, Fault> {
    let account = Account::real(client).await?;
    let mut checks = vec![];
    for (id, title, block) in HABITS {
        let block = with_free_ids(&block.replace("{samples}", &samples.to_string()));
        checks.push(habit(client, &account, own, (id, title, &block)).await?);
    }
    Ok(Category::new(
        "compatibility",
        "Backward compatibility",
        checks,
    ))
}

/// One habit. A rule of the site does to old clients what it would do without the migration: where it refuses, the
/// habit is tried without it, and that there is such a rule is worth a look.
async fn habit(
    client: &Client,
    account: &Account,
    own: &Own,
    (id, title, block): (&str, &str, &str),
) -> Result<Check, Fault> {
    let mut aside = Aside::default();
    let mut first = None;
    loop {
        let found = refusal(client, account, block, (own, &aside)).await?;
        let Some(refusal) = found else {
            let Some(why) = first else {
                let check = Check::counted(id, title, Critical, 0, vec![]);
                let function = id.trim_start_matches("compatibility.");
                return Ok(own.told_of_closed(check, function));
            };
            let detail = format!("{why}; not so without the site's own {}", aside.words());
            return Ok(Check::counted(id, title, Medium, 1, vec![]).detail(detail));
        };
        let why = first.get_or_insert_with(|| refusal.words()).clone();
        match aside.after(own, &refusal) {
            Next::Again => {}
            Next::NotTried => {
                let without = aside.words();
                let detail = format!("{why}; could not be tried without the site's own {without}");
                return Ok(Check::not_evaluated(id, title, Medium, detail));
            }
            Next::Failed => return Ok(Check::counted(id, title, Critical, 1, vec![]).detail(why)),
        }
    }
}

/// Why the block fails, with what is set aside; none when it does not.
async fn refusal(
    client: &Client,
    account: &Account,
    block: &str,
    (own, aside): (&Own, &Aside),
) -> Result<Option<Refusal>, Fault> {
    let trial = Trial::begin(client).await?;
    let mut outcome = Attempt::Rows(0);
    for (open, _) in &own.closed {
        if matches!(outcome, Attempt::Rows(_)) {
            outcome = trial.run(open).await?;
        }
    }
    aside.set(&trial).await?;
    if matches!(outcome, Attempt::Rows(_)) {
        outcome = trial.become_role("authenticated", account).await?;
    }
    if matches!(outcome, Attempt::Rows(_)) {
        outcome = trial.run(block).await?;
    }
    trial.end().await?;
    Ok(match outcome {
        Attempt::Rows(_) => None,
        Attempt::Refused(refusal) => Some(*refusal),
    })
}
