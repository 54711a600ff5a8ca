import { createClient } from "@supabase/supabase-js"

const supabase = createClient(process.env.API_URL, process.env.ANON_KEY)
await supabase.auth.signInWithPassword({ email: "admin@example.com", password: "Passw0rd!" })
