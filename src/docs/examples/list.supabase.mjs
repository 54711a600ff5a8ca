// before
const before = await supabase.from("deals").select("*").eq("stage", "opportunity").order("index").limit(10)

// after
const after = await supabase
  .from("opportunities")
  .select("*")
  .in("stage", ["lead", "qualified", "needs_analysis"])
  .order("index")
  .limit(10)
