// The first user's page: an account, signed in at once. Later visitors are sent to the log-in page.
import { useEffect, useState } from 'react'
import { Card, CardContent, Typography } from '@mui/material'
import { Form, PasswordInput, SaveButton, TextInput, required, useLogin, useNotify, useRedirect } from 'react-admin'
import { client, isInitialized } from './supabase.js'

export const SignUp = () => {
  const [open, setOpen] = useState(false)
  const login = useLogin()
  const notify = useNotify()
  const redirect = useRedirect()

  useEffect(() => {
    isInitialized().then(
      (taken) => (taken ? redirect('/login') : setOpen(true)),
      (error) => notify(error.message, { type: 'error' }),
    )
  }, [notify, redirect])

  const submit = async ({ email, password, first_name, last_name }) => {
    const { error } = await client.auth.signUp({ email, password, options: { data: { first_name, last_name } } })
    if (error) return notify(error.message, { type: 'error' })
    await login({ email, password }, '/companies')
  }

  if (!open) return null
  return (
    <Card sx={{ maxWidth: 400, margin: '4em auto' }}>
      <CardContent>
        <Typography variant="h5" gutterBottom>
          Welcome: create the first account
        </Typography>
        <Form onSubmit={submit}>
          <TextInput source="first_name" validate={required()} />
          <TextInput source="last_name" validate={required()} />
          <TextInput source="email" type="email" validate={required()} />
          <PasswordInput source="password" validate={required()} />
          <SaveButton label="Create account" alwaysEnable />
        </Form>
      </CardContent>
    </Card>
  )
}
