# before
curl -X POST "$API_URL/deals" \
  -H "apikey: $ANON_KEY" -H "Authorization: Bearer $ACCESS_TOKEN" -H "Content-Type: application/json" \
  -d '{"name": "Spring order", "company_id": 1, "contact_ids": [1, 2], "stage": "opportunity", "amount": 12000}'

# after
curl -X POST "$API_URL/opportunities" \
  -H "apikey: $ANON_KEY" -H "Authorization: Bearer $ACCESS_TOKEN" -H "Content-Type: application/json" \
  -d '{"name": "Spring order", "company_id": 1, "contact_ids": [1, 2], "stage": "lead", "amount": 12000}'
