// before
const now = new Date().toISOString()
const before = await call("PATCH", "/deals/4", { token, body: { archived_at: now } })

// after
const after = await call("PATCH", "/opportunities/5", { token, body: { deleted_at: now } })
