# before
order = {"name": "Spring order", "company_id": 1, "contact_ids": [1, 2], "amount": 12000}
before = api.post("/deals", json={**order, "stage": "opportunity"}).raise_for_status().json()

# after
after = api.post("/opportunities", json={**order, "stage": "lead"}).raise_for_status().json()
