// A contact's tasks: add one, tick it off.
import { useState } from 'react'
import { Button, Checkbox, FormControlLabel, Stack, TextField, Typography } from '@mui/material'
import { useCreate, useGetIdentity, useGetList, useNotify, useRecordContext, useUpdate } from 'react-admin'

export const Tasks = () => {
  const contact = useRecordContext()
  const { identity } = useGetIdentity()
  const notify = useNotify()
  const [create] = useCreate()
  const [update] = useUpdate()
  const [text, setText] = useState('')
  const [due, setDue] = useState('')
  const { data, refetch } = useGetList('tasks', {
    filter: { contact_id: contact.id },
    sort: { field: 'due_date', order: 'ASC' },
    pagination: { page: 1, perPage: 100 },
  })
  const callbacks = { onSuccess: () => refetch(), onError: (error) => notify(error.message, { type: 'error' }) }

  const add = () => {
    create('tasks', { data: { contact_id: contact.id, type: 'Call', text, due_date: due, sales_id: identity.id } }, callbacks)
    setText('')
  }
  const tick = (task, done) =>
    update('tasks', { id: task.id, data: { done_date: done ? new Date().toISOString() : null }, previousData: task }, callbacks)

  return (
    <section>
      <Typography variant="h6">Tasks</Typography>
      {data?.map((task) => (
        <FormControlLabel
          key={task.id}
          control={<Checkbox checked={task.done_date != null} onChange={(event) => tick(task, event.target.checked)} />}
          label={`${task.text} (due ${task.due_date.slice(0, 10)})`}
        />
      ))}
      <Stack direction="row" spacing={2}>
        <TextField label="Task" value={text} onChange={(event) => setText(event.target.value)} size="small" />
        <TextField
          label="Due"
          type="date"
          value={due}
          onChange={(event) => setDue(event.target.value)}
          size="small"
          slotProps={{ inputLabel: { shrink: true } }}
        />
        <Button onClick={add} variant="contained" disabled={!text || !due}>
          Add task
        </Button>
      </Stack>
    </section>
  )
}
