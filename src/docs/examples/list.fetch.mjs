// before
const before = await call("GET", "/deals?stage=eq.opportunity&order=index&limit=10", { token })

// after
const stages = "in.(lead,qualified,needs_analysis)"
const after = await call("GET", `/opportunities?stage=${stages}&order=index&limit=10`, { token })
