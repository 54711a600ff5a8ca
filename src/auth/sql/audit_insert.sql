-- An entry of the audit log: $1 payload, $2 address of the client.
insert into auth.audit_log_entries (instance_id, id, payload, created_at, ip_address)
values ('00000000-0000-0000-0000-000000000000', gen_random_uuid(), $1, now(), $2::text)
