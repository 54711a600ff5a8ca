// before
const order = { name: "Spring order", company_id: 1, contact_ids: [1, 2], amount: 12000 }
const before = await call("POST", "/deals", { token, body: { ...order, stage: "opportunity" } })

// after
const after = await call("POST", "/opportunities", { token, body: { ...order, stage: "lead" } })
