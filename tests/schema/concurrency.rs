//! Many people edit facts that are kept twice, at either side, at once: nobody is refused, and in the end
//! both sides say the same.

use std::sync::Arc;

use super::{BASELINES, after, batch, lines, sign_in};
use crate::common::TestDb;

const CLIENTS: u64 = 8;
const EDITS: u64 = 50;

/// Pseudo-random numbers that are the same in each run.
struct Dice(u64);

impl Dice {
    /// A number from 1 to `sides`.
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides + 1
    }
}

/// One statement as the API makes them.
fn edit(dice: &mut Dice) -> String {
    let (contact, company, deal) = (dice.roll(8), dice.roll(4), 101 + dice.roll(6));
    match dice.roll(13) {
        1 | 2 => format!(
            "update public.contacts set company_id = {company}, is_primary_contact = true where id = {contact}"
        ),
        3 => format!("update public.contacts set company_id = null where id = {contact}"),
        4 => format!("update public.contacts set title = 't{company}' where id = {contact}"),
        5 => format!(
            "update public.contact_organizations set is_primary_contact = true where contact_id = {contact} and deleted_at is null \
            and organization_id = {company}"
        ),
        6 => format!(
            "update public.contact_organizations set is_primary_organization = not is_primary_organization, notes = 'n' \
            where id = (select min(id) from public.contact_organizations where contact_id = {contact} and deleted_at is null)"
        ),
        7 => format!(
            "insert into public.contact_organizations (contact_id, organization_id, is_primary_organization, is_primary_contact) \
            values ({contact}, {company}, true, true) on conflict (contact_id, organization_id, deleted_at) do update \
            set is_primary_organization = true, is_primary_contact = true"
        ),
        8 => format!(
            "insert into public.contacts (first_name, company_id, is_primary_contact) values ('new', {company}, true)"
        ),
        9 => format!(
            "update public.deals set company_id = {company}, contact_ids = array[{contact}, {company}] where id = {deal}"
        ),
        10 => format!(
            "update public.opportunity_participants set notes = 'n', is_primary = true where opportunity_id = {deal} \
            and deleted_at is null and organization_id = {company}"
        ),
        11 => format!(
            "insert into public.opportunity_participants (opportunity_id, organization_id, role, is_primary) \
            values ({deal}, {company}, 'customer', true) on conflict (opportunity_id, organization_id, role, deleted_at) \
            do update set is_primary = true"
        ),
        12 => format!(
            "insert into public.opportunity_contacts (opportunity_id, contact_id, is_primary) values ({deal}, {contact}, true) \
            on conflict (opportunity_id, contact_id) do update set is_primary = true"
        ),
        _ => format!(
            "delete from public.opportunity_contacts where opportunity_id = {deal} and contact_id = {contact}"
        ),
    }
}

async fn edits(db: Arc<TestDb>, number: u64) -> Vec<String> {
    let client = db.admin_client().await;
    sign_in(&client).await;
    let mut dice = Dice(number);
    let mut refusals = vec![];
    for _ in 0..EDITS {
        let sql = edit(&mut dice);
        if let Err(error) = client.batch_execute(&sql).await {
            refusals.push(format!("{:?}: {sql}", error.as_db_error()));
        }
    }
    refusals
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edits_at_both_sides_at_once_are_never_refused() {
    for baseline in BASELINES {
        let (db, client) = after(baseline).await;
        batch(&client, "insert into public.contacts (id, first_name) select i, 'c' || i from generate_series(6, 8) i").await;
        let db = Arc::new(db);
        let writers: Vec<_> = (1..=CLIENTS)
            .map(|number| tokio::spawn(edits(Arc::clone(&db), number)))
            .collect();
        for writer in writers {
            let refusals = writer.await.expect("a writer");
            assert!(refusals.is_empty(), "{baseline:?}: {refusals:#?}");
        }
        let contacts = "select c.id, c.company_id, r.organization_id, c.is_primary_contact, r.is_primary_contact from public.contacts c \
            left join public.contact_organizations r on r.contact_id = c.id and r.is_primary_organization and r.deleted_at is null \
            where c.company_id is distinct from r.organization_id or (c.is_primary_contact <> r.is_primary_contact)";
        assert_eq!(lines(&client, contacts).await, Vec::<String>::new());
        let customers = "select id from public.opportunities_legacy where customer_organization_id is distinct from customer_organization_id_computed";
        assert_eq!(lines(&client, customers).await, Vec::<String>::new());
        let people = "select o.id from public.opportunities o where (select coalesce(array_agg(distinct u.id order by u.id), '{}') \
              from unnest(o.contact_ids) u (id) join public.contacts c on c.id = u.id) \
            is distinct from (select coalesce(array_agg(r.contact_id order by r.contact_id), '{}') \
              from public.opportunity_contacts r where r.opportunity_id = o.id)";
        assert_eq!(lines(&client, people).await, Vec::<String>::new());
    }
}
