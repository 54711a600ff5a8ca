// before
const now = new Date().toISOString()
const before = await supabase.from("deals").update({ archived_at: now }).eq("id", 4).select().single()

// after
const after = await supabase.from("opportunities").update({ deleted_at: now }).eq("id", 5).select().single()
