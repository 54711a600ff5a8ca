// before
const before = await supabase.from("deals").select("*").eq("stage", "opportunity").order("index").order("id").limit(10)

// after
const after = await supabase
  .from("opportunities")
  .select("*")
  .in("stage", ["lead", "qualified", "needs_analysis"])
  .order("index").order("id")
  .limit(10)
