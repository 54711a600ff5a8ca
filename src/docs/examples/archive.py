# before
now = {"archived_at": "2026-11-30T12:00:00Z"}
before = api.patch("/deals/4", json=now).raise_for_status().json()

# after
now = {"deleted_at": "2026-11-30T12:00:00Z"}
after = api.patch("/opportunities/5", json=now).raise_for_status().json()
