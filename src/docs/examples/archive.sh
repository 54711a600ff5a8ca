# before
curl -X PATCH "$API_URL/deals/4" \
  -H "apikey: $ANON_KEY" -H "Authorization: Bearer $ACCESS_TOKEN" -H "Content-Type: application/json" \
  -d '{"archived_at": "2026-11-30T12:00:00Z"}'

# after
curl -X PATCH "$API_URL/opportunities/5" \
  -H "apikey: $ANON_KEY" -H "Authorization: Bearer $ACCESS_TOKEN" -H "Content-Type: application/json" \
  -d '{"deleted_at": "2026-11-30T12:00:00Z"}'
