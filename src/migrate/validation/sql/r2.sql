-- R2. Contacts without a company.
select 'contacts' as entity, p.id from public.contacts p where p.company_id is null
