-- $1: the loser, $2: the winner -> what the winner's columns become, as JSON. Lists hold each value once,
-- the winner's first; entries without an address or a number are dropped.
select jsonb_build_object(
         'email_jsonb', (
           select coalesce(jsonb_agg(e.entry order by e.place), '[]')
             from (select distinct on (x.entry ->> 'email') x.entry, x.place
                     from jsonb_array_elements(
                            case when jsonb_typeof(w.email_jsonb) = 'array' then w.email_jsonb else '[]' end
                            || case when jsonb_typeof(l.email_jsonb) = 'array' then l.email_jsonb else '[]' end)
                          with ordinality x (entry, place)
                    where coalesce(x.entry ->> 'email', '') <> ''
                    order by x.entry ->> 'email', x.place) e),
         'phone_jsonb', (
           select coalesce(jsonb_agg(e.entry order by e.place), '[]')
             from (select distinct on (x.entry ->> 'number') x.entry, x.place
                     from jsonb_array_elements(
                            case when jsonb_typeof(w.phone_jsonb) = 'array' then w.phone_jsonb else '[]' end
                            || case when jsonb_typeof(l.phone_jsonb) = 'array' then l.phone_jsonb else '[]' end)
                          with ordinality x (entry, place)
                    where coalesce(x.entry ->> 'number', '') <> ''
                    order by x.entry ->> 'number', x.place) e),
         'tags', (
           select coalesce(jsonb_agg(t.tag order by t.place), '[]')
             from (select u.tag, min(u.place) as place
                     from unnest(w.tags || l.tags) with ordinality u (tag, place)
                    group by u.tag) t),
         'avatar', case when w.avatar ->> 'src' is not null then w.avatar else l.avatar end,
         'linkedin_url', coalesce(nullif(w.linkedin_url, ''), nullif(l.linkedin_url, '')),
         'first_seen', coalesce(w.first_seen, l.first_seen),
         'last_seen', greatest(w.last_seen, l.last_seen)) as merged
  from public.contacts w, public.contacts l
 where w.id = $2::bigint and l.id = $1::bigint
