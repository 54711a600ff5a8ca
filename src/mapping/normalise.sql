
-- The look-up form of an old stage text: trimmed, ASCII lower case, each run of blanks, _ / . one "-".
create or replace function private.stage_word(legacy text) returns text
language sql immutable parallel safe set search_path = '' as $$
  select regexp_replace(lower(btrim(legacy, E' \t\n\r\x0B\f') collate "C"), E'[ \t\n\r\x0B\f_/.]+', '-', 'g')
$$;
