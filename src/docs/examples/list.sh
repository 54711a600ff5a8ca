# before
curl "$API_URL/rest/v1/deals?stage=eq.opportunity&order=index,id&limit=10" \
  -H "apikey: $ANON_KEY" -H "Authorization: Bearer $ACCESS_TOKEN"

# after
curl "$API_URL/rest/v1/opportunities?stage=in.(lead,qualified,needs_analysis)&order=index,id&limit=10" \
  -H "apikey: $ANON_KEY" -H "Authorization: Bearer $ACCESS_TOKEN"
