# before
curl -X PATCH "$API_URL/rest/v1/deals?id=eq.2" \
  -H "apikey: $ANON_KEY" -H "Authorization: Bearer $ACCESS_TOKEN" \
  -H "Content-Type: application/json" -H "Prefer: return=representation" \
  -d '{"stage": "won"}'

# after
curl -X PATCH "$API_URL/rest/v1/opportunities?id=eq.3" \
  -H "apikey: $ANON_KEY" -H "Authorization: Bearer $ACCESS_TOKEN" \
  -H "Content-Type: application/json" -H "Prefer: return=representation" \
  -d '{"stage": "closed_won"}'
