# before
text = "Draft sent for review"
answer = {"Prefer": "return=representation"}
before = api.post("/rest/v1/dealNotes", json={"deal_id": 1, "text": text}, headers=answer).raise_for_status().json()

# after
note = {"opportunity_id": 1, "text": text}
after = api.post("/rest/v1/opportunityNotes", json=note, headers=answer).raise_for_status().json()
