// A contact's notes. As in the CRM: the file first, then the note, then the contact's status and time.
import { useState } from 'react'
import { Button, Stack, TextField, Typography } from '@mui/material'
import { useDataProvider, useGetIdentity, useGetList, useNotify, useRecordContext, useRefresh } from 'react-admin'
import { upload } from './supabase.js'

const Note = ({ note }) => (
  <li>
    {note.text}{' '}
    {note.attachments?.map((file) => (
      <a href={file.src} key={file.path}>
        {file.title}
      </a>
    ))}
  </li>
)

export const Notes = () => {
  const contact = useRecordContext()
  const { identity } = useGetIdentity()
  const dataProvider = useDataProvider()
  const notify = useNotify()
  const refresh = useRefresh()
  const [text, setText] = useState('')
  const [file, setFile] = useState(null)
  const { data } = useGetList('contactNotes', {
    filter: { contact_id: contact.id },
    sort: { field: 'date', order: 'DESC' },
    pagination: { page: 1, perPage: 25 },
  })

  const add = async () => {
    try {
      const attachments = file ? [await upload(file)] : []
      const date = new Date().toISOString()
      const note = { contact_id: contact.id, text, date, sales_id: identity.id, attachments }
      await dataProvider.create('contactNotes', { data: note })
      await dataProvider.update('contacts', { id: contact.id, data: { last_seen: date }, previousData: contact })
      setText('')
      setFile(null)
      notify('Note added')
      refresh()
    } catch (error) {
      notify(error.message, { type: 'error' })
    }
  }

  return (
    <section>
      <Typography variant="h6">Notes</Typography>
      <ul>{data?.map((note) => <Note note={note} key={note.id} />)}</ul>
      <Stack direction="row" spacing={2}>
        <TextField label="Note" value={text} onChange={(event) => setText(event.target.value)} size="small" />
        <input type="file" aria-label="Attachment" key={data?.length} onChange={(event) => setFile(event.target.files[0] ?? null)} />
        <Button onClick={add} variant="contained" disabled={!text}>
          Add note
        </Button>
      </Stack>
    </section>
  )
}
