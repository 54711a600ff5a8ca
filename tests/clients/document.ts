// Compiled, not run: a typed client made from the OpenAPI document.
import createClient from "openapi-fetch"
import type { components, paths } from "./openapi.js"

const client = createClient<paths>({ baseUrl: "http://127.0.0.1:54321", headers: { apikey: "key" } })

export async function requests() {
  const list = await client.GET("/opportunities", {
    params: { query: { stage: "eq.lead", order: "amount.desc", limit: 10 } },
  })
  const amounts: (number | null | undefined)[] = (list.data ?? []).map((row) => row.amount)
  const body: components["schemas"]["OpportunityInput"] = { name: "Spring order", stage: "lead" }
  await client.POST("/opportunities", { body })
  // @ts-expect-error not a stage
  await client.POST("/opportunities", { body: { name: "Spring order", stage: "won" } })
  const session = await client.POST("/auth/v1/token", {
    params: { query: { grant_type: "password" } },
    body: { email: "admin@example.com", password: "Passw0rd!" },
  })
  const token: string | undefined = session.data?.access_token
  return [amounts, token, list.error?.message]
}
