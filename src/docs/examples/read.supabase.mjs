// before
const before = await supabase
  .from("deals")
  .select("id,name,stage,company:companies(id,name)")
  .eq("id", 1)
  .single()

// after
const after = await supabase
  .from("opportunities")
  .select("id,name,stage,company:companies!opportunities_company_id_fkey(id,name)")
  .eq("id", 1)
  .single()
