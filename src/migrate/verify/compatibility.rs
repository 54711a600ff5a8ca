//! Backward compatibility: what old clients do goes on working, tried as a signed-in user.
//!
//! In: a migrated database. Out: one check per habit of old clients. Each is a block of SQL that raises an
//! exception when something is not as it was, run as `authenticated` and rolled back.

use tokio_postgres::Client;

use super::outcome::Severity::Critical;
use super::outcome::{Category, Check};
use super::trial::{Account, Attempt, Trial};
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

pub(super) async fn check(client: &Client, samples: u32) -> Result<Category, Fault> {
    let account = Account::real(client).await?;
    let mut checks = vec![];
    for (id, title, block) in HABITS {
        let trial = Trial::begin(client).await?;
        let mut outcome = trial.become_role("authenticated", &account).await?;
        if matches!(outcome, Attempt::Rows(_)) {
            let block = block.replace("{samples}", &samples.to_string());
            outcome = trial.run(&block).await?;
        }
        trial.end().await?;
        checks.push(match outcome {
            Attempt::Rows(_) => Check::counted(id, title, Critical, 0, vec![]),
            Attempt::Refused(code, message) => {
                let why = if code == "P0001" {
                    message
                } else {
                    format!("{message} ({code})")
                };
                Check::counted(id, title, Critical, 1, vec![]).detail(why)
            }
        });
    }
    Ok(Category::new(
        "compatibility",
        "Backward compatibility",
        checks,
    ))
}
