-- Generated from src/mapping/table.rs by src/mapping/sql.rs. Do not edit: change the table.

-- The look-up form of an old stage text: trimmed, ASCII lower case, each run of blanks, _ / . one "-".
create or replace function private.stage_word(legacy text) returns text
language sql immutable parallel safe set search_path = '' as $$
  select regexp_replace(lower(btrim(legacy, E' \t\n\r\x0B\f') collate "C"), E'[ \t\n\r\x0B\f_/.]+', '-', 'g')
$$;

-- The stage that an old text means; NULL when the table has no word for it.
create or replace function private.stage_of_word(legacy text) returns public.opportunity_stage
language sql immutable parallel safe set search_path = '' as $$
  select case private.stage_word(legacy)
    when 'lead' then 'lead'
    when 'new' then 'lead'
    when 'discovery' then 'lead'
    when 'prospecting' then 'lead'
    when 'prospect' then 'lead'
    when 'opportunity' then 'qualified'
    when 'qualified' then 'qualified'
    when 'qualification' then 'qualified'
    when 'needs-analysis' then 'needs_analysis'
    when 'demo' then 'needs_analysis'
    when 'proposal-sent' then 'proposal'
    when 'proposal' then 'proposal'
    when 'in-negociation' then 'negotiation'
    when 'in-negotiation' then 'negotiation'
    when 'negotiation' then 'negotiation'
    when 'negociation' then 'negotiation'
    when 'won' then 'closed_won'
    when 'closed-won' then 'closed_won'
    when 'closed' then 'closed_won'
    when 'lost' then 'closed_lost'
    when 'closed-lost' then 'closed_lost'
    when 'delayed' then 'nurturing'
    when 'nurturing' then 'nurturing'
    when 'on-hold' then 'nurturing'
  end::public.opportunity_stage
$$;

-- The old word for a stage, used when the stored text no longer fits.
create or replace function private.stage_to_word(stage public.opportunity_stage) returns text
language sql immutable parallel safe set search_path = '' as $$
  select case stage
    when 'lead' then 'opportunity'
    when 'qualified' then 'opportunity'
    when 'needs_analysis' then 'opportunity'
    when 'proposal' then 'proposal-sent'
    when 'negotiation' then 'in-negociation'
    when 'closed_won' then 'won'
    when 'closed_lost' then 'lost'
    when 'nurturing' then 'delayed'
  end
$$;

-- Several stages share the old word of this one.
create or replace function private.stage_is_lossy(stage public.opportunity_stage) returns boolean
language sql immutable parallel safe set search_path = '' as $$
  select case stage
    when 'lead' then true
    when 'qualified' then true
    when 'needs_analysis' then true
    when 'proposal' then false
    when 'negotiation' then false
    when 'closed_won' then false
    when 'closed_lost' then false
    when 'nurturing' then false
  end
$$;

-- Default probability of a stage, in percent.
create or replace function private.stage_probability(stage public.opportunity_stage) returns integer
language sql immutable parallel safe set search_path = '' as $$
  select case stage
    when 'lead' then 10
    when 'qualified' then 25
    when 'needs_analysis' then 40
    when 'proposal' then 60
    when 'negotiation' then 80
    when 'closed_won' then 100
    when 'closed_lost' then 0
    when 'nurturing' then 15
  end
$$;

-- Automatic status of a stage.
create or replace function private.stage_status(stage public.opportunity_stage) returns public.opportunity_status
language sql immutable parallel safe set search_path = '' as $$
  select case stage
    when 'lead' then 'active'
    when 'qualified' then 'active'
    when 'needs_analysis' then 'active'
    when 'proposal' then 'active'
    when 'negotiation' then 'active'
    when 'closed_won' then 'active'
    when 'closed_lost' then 'active'
    when 'nurturing' then 'nurturing'
  end::public.opportunity_status
$$;

-- The stage ends the opportunity.
create or replace function private.stage_is_closed(stage public.opportunity_stage) returns boolean
language sql immutable parallel safe set search_path = '' as $$
  select case stage
    when 'lead' then false
    when 'qualified' then false
    when 'needs_analysis' then false
    when 'proposal' then false
    when 'negotiation' then false
    when 'closed_won' then true
    when 'closed_lost' then true
    when 'nurturing' then false
  end
$$;

-- Columns of the old board when nothing is configured.
create or replace function private.default_deal_stages() returns text[]
language sql immutable parallel safe set search_path = '' as $$
  select array['opportunity', 'proposal-sent', 'in-negociation', 'won', 'lost', 'delayed']
$$;

-- The stage of an unknown old text, and of a new row that names none.
create or replace function private.default_stage() returns public.opportunity_stage
language sql immutable parallel safe set search_path = '' as $$
  select 'lead'::public.opportunity_stage
$$;

-- On insert this probability is the form's untouched default.
create or replace function private.untouched_probability() returns integer
language sql immutable parallel safe set search_path = '' as $$
  select 50
$$;
