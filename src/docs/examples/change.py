# before
before = api.patch("/deals/2", json={"stage": "won"}).raise_for_status().json()

# after
after = api.patch("/opportunities/3", json={"stage": "closed_won"}).raise_for_status().json()
