# before
curl "$API_URL/deals/1?select=id,name,stage,company:companies(id,name)" \
  -H "apikey: $ANON_KEY" -H "Authorization: Bearer $ACCESS_TOKEN"

# after
curl "$API_URL/opportunities/1?select=id,name,stage,company:companies!opportunities_company_id_fkey(id,name)" \
  -H "apikey: $ANON_KEY" -H "Authorization: Bearer $ACCESS_TOKEN"
