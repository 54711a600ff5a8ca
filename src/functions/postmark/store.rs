//! From a mail and a person to contact, company and note. Runs as the owner: the webhook has no user.

use tokio_postgres::Transaction;

use super::person::Person;
use super::{Mail, attachment};
use crate::functions::Functions;
use crate::functions::error::FunctionError;

type Result<T> = std::result::Result<T, FunctionError>;

/// Whether an active member of the team has the address.
///
/// # Errors
/// Of the database.
pub(super) async fn is_salesperson(
    client: &deadpool_postgres::Client,
    email: &str,
) -> Result<bool> {
    let found = client
        .query_opt(include_str!("sql/salesperson.sql"), &[&email])
        .await
        .map_err(failed)?;
    Ok(found.is_some())
}

/// Adds the mail to the contact as a note, all in one transaction. Stores nothing when nobody of the
/// team sent it.
///
/// # Errors
/// Of the database; 500 when several contacts have the address.
pub(super) async fn add_note(
    functions: &Functions,
    client: &deadpool_postgres::Client,
    person: &Person,
    mail: &Mail,
) -> Result<()> {
    let salesperson = client
        .query_opt(include_str!("sql/salesperson.sql"), &[&mail.sender])
        .await
        .map_err(failed)?;
    let Some(salesperson) = salesperson else {
        return Ok(());
    };
    let sales_id: i64 = salesperson.try_get(0).map_err(failed)?;
    // Before the transaction: it may take long.
    let attachments = attachment::store(functions, &mail.attachments).await?;
    let mut client = crate::auth::store::connection(&functions.auth.pool).await?;
    let transaction = client.transaction().await.map_err(failed)?;
    let contact_id = contact(&transaction, person, sales_id).await?;
    let text = format!("{}\n\n{}", mail.subject, mail.text);
    transaction
        .execute(
            include_str!("sql/note_insert.sql"),
            &[&contact_id, &sales_id, &text, &attachments],
        )
        .await
        .map_err(failed)?;
    transaction
        .execute(
            "update public.contacts set last_seen = now() where id = $1",
            &[&contact_id],
        )
        .await
        .map_err(failed)?;
    transaction.commit().await.map_err(failed)
}

/// The contact with the address, made when there is none.
async fn contact(
    transaction: &deadpool_postgres::Transaction<'_>,
    person: &Person,
    sales_id: i64,
) -> Result<i64> {
    // Two mails about one stranger at the same moment make one contact.
    transaction
        .execute(
            "select pg_advisory_xact_lock(hashtextextended($1, 0))",
            &[&person.email],
        )
        .await
        .map_err(failed)?;
    let found = transaction
        .query(include_str!("sql/contact_by_email.sql"), &[&person.email])
        .await
        .map_err(failed)?;
    match found.as_slice() {
        [] => {}
        [one] => return one.try_get(0).map_err(failed),
        _ => {
            let text = "Several contacts have this address";
            return Err(FunctionError::new(500, text));
        }
    }
    let company_id = company(transaction, person, sales_id).await?;
    let row = transaction
        .query_one(
            include_str!("sql/contact_insert.sql"),
            &[
                &person.first_name,
                &person.last_name,
                &person.email,
                &company_id,
                &sales_id,
            ],
        )
        .await
        .map_err(failed)?;
    row.try_get(0).map_err(failed)
}

async fn company(
    transaction: &Transaction<'_>,
    person: &Person,
    sales_id: i64,
) -> Result<Option<i64>> {
    let Some(company) = &person.company else {
        return Ok(None);
    };
    let row = transaction
        .query_one(
            include_str!("sql/company.sql"),
            &[&company.website, &company.name, &company.domain, &sales_id],
        )
        .await
        .map_err(failed)?;
    row.try_get(0).map(Some).map_err(failed)
}

fn failed(error: tokio_postgres::Error) -> FunctionError {
    FunctionError::internal("storing a mail", &error)
}
