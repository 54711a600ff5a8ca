import os

import httpx

api = httpx.Client(base_url=os.environ["API_URL"], headers={"apikey": os.environ["ANON_KEY"]})
login = {"email": "admin@example.com", "password": "Passw0rd!"}
session = api.post("/auth/v1/token", params={"grant_type": "password"}, json=login).raise_for_status().json()
api.headers["Authorization"] = f"Bearer {session['access_token']}"
