// before
const before = await call("GET", "/deals/1?select=id,name,stage,company:companies(id,name)", { token })

// after
const company = "company:companies!opportunities_company_id_fkey(id,name)"
const after = await call("GET", `/opportunities/1?select=id,name,stage,${company}`, { token })
