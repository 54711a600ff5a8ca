// before
const text = "Draft sent for review"
const before = await supabase.from("dealNotes").insert({ deal_id: 1, text }).select().single()

// after
const after = await supabase.from("opportunityNotes").insert({ opportunity_id: 1, text }).select().single()
