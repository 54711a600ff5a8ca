# before
curl -X POST "$API_URL/rest/v1/dealNotes" \
  -H "apikey: $ANON_KEY" -H "Authorization: Bearer $ACCESS_TOKEN" \
  -H "Content-Type: application/json" -H "Prefer: return=representation" \
  -d '{"deal_id": 1, "text": "Draft sent for review"}'

# after
curl -X POST "$API_URL/rest/v1/opportunityNotes" \
  -H "apikey: $ANON_KEY" -H "Authorization: Bearer $ACCESS_TOKEN" \
  -H "Content-Type: application/json" -H "Prefer: return=representation" \
  -d '{"opportunity_id": 1, "text": "Draft sent for review"}'
