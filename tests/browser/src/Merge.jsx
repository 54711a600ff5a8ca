// Merges this contact into another of the same last name, with the function `merge_contacts`.
import { useState } from 'react'
import { Button, MenuItem, Stack, TextField, Typography } from '@mui/material'
import { useGetList, useNotify, useRecordContext, useRedirect } from 'react-admin'
import { invoke } from './supabase.js'

export const Merge = () => {
  const contact = useRecordContext()
  const notify = useNotify()
  const redirect = useRedirect()
  const [winner, setWinner] = useState('')
  const { data } = useGetList('contacts', {
    filter: { last_name: contact.last_name, 'id@neq': contact.id },
    sort: { field: 'id', order: 'ASC' },
    pagination: { page: 1, perPage: 10 },
  })

  const merge = async () => {
    try {
      await invoke('merge_contacts', { method: 'POST', body: { loserId: contact.id, winnerId: winner } })
      notify('Contacts merged')
      redirect('show', 'contacts', winner)
    } catch (error) {
      notify(error.message, { type: 'error' })
    }
  }

  if (!data?.length) return null
  return (
    <section>
      <Typography variant="h6">Merge</Typography>
      <Stack direction="row" spacing={2}>
        <TextField select label="Into" value={winner} onChange={(event) => setWinner(event.target.value)} size="small" sx={{ minWidth: 220 }}>
          {data.map((other) => (
            <MenuItem value={other.id} key={other.id}>
              {other.first_name} {other.last_name} (no. {other.id})
            </MenuItem>
          ))}
        </TextField>
        <Button onClick={merge} variant="contained" color="warning" disabled={!winner}>
          Merge
        </Button>
      </Stack>
    </section>
  )
}
