// before
const order = { name: "Spring order", company_id: 1, contact_ids: [1, 2], amount: 12000 }
const before = await supabase.from("deals").insert({ ...order, stage: "opportunity" }).select().single()

// after
const after = await supabase.from("opportunities").insert({ ...order, stage: "lead" }).select().single()
