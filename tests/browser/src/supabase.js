// The client, the providers of ra-supabase, and what the app asks besides: who is signed in, whether
// anybody ever signed up. Source: https://github.com/marmelab/ra-supabase
import { createClient } from '@supabase/supabase-js'
import { supabaseAuthProvider, supabaseDataProvider } from 'ra-supabase'

const instanceUrl = import.meta.env.VITE_SUPABASE_URL
const apiKey = import.meta.env.VITE_SUPABASE_ANON_KEY

export const client = createClient(instanceUrl, apiKey)

export const dataProvider = supabaseDataProvider({ instanceUrl, apiKey, supabaseClient: client })

/** The row of `sales` that belongs to a user. */
const salesOf = async (user) => {
  const { data, error } = await client
    .from('sales')
    .select('id,first_name,last_name,avatar,administrator')
    .match({ user_id: user.id })
    .single()
  if (error) throw error
  return data
}

export const authProvider = supabaseAuthProvider(client, {
  getIdentity: async (user) => {
    const sales = await salesOf(user)
    return { id: sales.id, fullName: `${sales.first_name} ${sales.last_name}` }
  },
  getPermissions: async (user) => ((await salesOf(user)).administrator ? 'administrator' : 'member'),
})

/** Whether there is a user already; asked with the public key only. */
export const isInitialized = async () => {
  const { data, error } = await client.from('init_state').select('is_initialized')
  if (error) throw error
  return data[0].is_initialized > 0
}

/** Calls a function; a refusal is an error with the text of its JSON body. */
export const invoke = async (name, options) => {
  const { data, error } = await client.functions.invoke(name, options)
  if (!error) return data
  const body = await error.context?.json?.().catch(() => null)
  throw new Error(body?.message ?? error.message)
}

/** Uploads a file to the bucket; answers what the CRM stores with a note. */
export const upload = async (file) => {
  const path = `${Math.random()}.${file.name.split('.').pop()}`
  const bucket = client.storage.from('attachments')
  const { error } = await bucket.upload(path, file)
  if (error) throw error
  return { src: bucket.getPublicUrl(path).data.publicUrl, title: file.name, path, type: file.type }
}
