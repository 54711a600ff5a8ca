-- Claims of processes that ended without a word are free again, by the database's clock.
update webhooks.delivery
   set state = 'queued', claim = null, lease_until = null
 where state = 'sending' and lease_until < statement_timestamp()
