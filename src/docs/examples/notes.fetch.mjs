// before
const text = "Draft sent for review"
const answer = { token, Prefer: "return=representation" }
const before = await call("POST", "/rest/v1/dealNotes", { ...answer, body: { deal_id: 1, text } })

// after
const after = await call("POST", "/rest/v1/opportunityNotes", { ...answer, body: { opportunity_id: 1, text } })
