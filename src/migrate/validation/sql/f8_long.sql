-- F8. Deals whose stage is too long for the index on it: an entry takes 2,704 bytes at the most.
select 'deals' as entity, d.id from public.deals d where octet_length(d.stage) > 2000
