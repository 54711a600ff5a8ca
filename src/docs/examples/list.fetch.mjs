// before
const before = await call("GET", "/deals?stage=eq.opportunity&order=index,id&limit=10", { token })

// after
const stages = "in.(lead,qualified,needs_analysis)"
const after = await call("GET", `/opportunities?stage=${stages}&order=index,id&limit=10`, { token })
