const { API_URL, ANON_KEY } = process.env

async function call(method, path, { body, token, ...headers } = {}) {
  const response = await fetch(API_URL + path, {
    method,
    headers: {
      apikey: ANON_KEY,
      Authorization: `Bearer ${token ?? ANON_KEY}`,
      "Content-Type": "application/json",
      ...headers,
    },
    body: body && JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`)
  return response.status === 204 ? null : response.json()
}

const login = { email: "admin@example.com", password: "Passw0rd!" }
const { access_token: token } = await call("POST", "/auth/v1/token?grant_type=password", { body: login })
