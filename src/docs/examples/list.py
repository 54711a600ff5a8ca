# before
page = {"order": "index,id", "limit": 10}
before = api.get("/deals", params={"stage": "eq.opportunity", **page}).raise_for_status().json()

# after
stages = {"stage": "in.(lead,qualified,needs_analysis)"}
after = api.get("/opportunities", params={**stages, **page}).raise_for_status().json()
