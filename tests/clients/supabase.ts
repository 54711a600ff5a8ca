// Compiled, not run: queries of supabase-js with the printed types, right ones and wrong ones.
import { createClient } from "@supabase/supabase-js"
import { Constants, type Database, type Enums, type Tables, type TablesInsert, type TablesUpdate } from "./database.types.js"

const client = createClient<Database>("http://127.0.0.1:54321", "key")

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function expectType<_T extends true>() {}

export async function queries() {
  const embedded = await client.from("opportunities").select("id,name,companies!opportunities_company_id_fkey(name)").limit(1).single()
  if (embedded.data) {
    expectType<Equal<typeof embedded.data.id, number>>()
    expectType<Equal<typeof embedded.data.companies, { name: string } | null>>()
  }
  const stages: Enums<"opportunity_stage">[] = [...Constants.public.Enums.opportunity_stage]
  await client.from("opportunities").select("*").in("stage", stages)
  // @ts-expect-error not a stage
  await client.from("opportunities").select("*").eq("stage", "won")
  // @ts-expect-error no such column
  await client.from("opportunities").insert({ name: "a", nope: 1 })
  await client.from("deals").update({ stage: "won" }).eq("id", 1)
  const merged = await client.rpc("merge_contacts", { loser_id: 1, winner_id: 2 })
  expectType<Equal<typeof merged.data, number | null>>()
  const fresh: TablesInsert<"tasks"> = { contact_id: 1, due_date: "2026-01-01" }
  const change: TablesUpdate<"tasks"> = { text: null }
  const row: Tables<{ schema: "public" }, "companies">["name"] = "Acme"
  return [fresh, change, row]
}
