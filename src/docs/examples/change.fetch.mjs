// before
const before = await call("PATCH", "/deals/2", { token, body: { stage: "won" } })

// after
const after = await call("PATCH", "/opportunities/3", { token, body: { stage: "closed_won" } })
