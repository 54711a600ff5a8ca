// before
const before = await supabase.from("deals").update({ stage: "won" }).eq("id", 2).select().single()

// after
const after = await supabase.from("opportunities").update({ stage: "closed_won" }).eq("id", 3).select().single()
