# before
select = "id,name,stage,company:companies(id,name)"
before = api.get("/deals/1", params={"select": select}).raise_for_status().json()

# after
select = "id,name,stage,company:companies!opportunities_company_id_fkey(id,name)"
after = api.get("/opportunities/1", params={"select": select}).raise_for_status().json()
