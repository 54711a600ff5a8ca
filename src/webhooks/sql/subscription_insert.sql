insert into webhooks.subscription (url, events, description, secret, created_by)
values ($1, $2, $3, $4, $5)
returning id
