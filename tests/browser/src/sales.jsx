// The team, for administrators: the list, and an invitation through the function `users`.
import {
  BooleanField, BooleanInput, Create, DataTable, List, SaveButton, SimpleForm, TextInput, Toolbar, required, useNotify, useRedirect,
} from 'react-admin'
import { invoke } from './supabase.js'

const SalesList = () => (
  <List sort={{ field: 'first_name', order: 'ASC' }}>
    <DataTable rowClick={false} bulkActionButtons={false}>
      <DataTable.Col source="first_name" />
      <DataTable.Col source="last_name" />
      <DataTable.Col source="email" />
      <DataTable.Col source="administrator" field={BooleanField} />
      <DataTable.Col source="disabled" field={BooleanField} />
    </DataTable>
  </List>
)

const Invite = () => (
  <Toolbar>
    <SaveButton label="Invite" />
  </Toolbar>
)

const SalesCreate = () => {
  const notify = useNotify()
  const redirect = useRedirect()
  const submit = async (body) => {
    try {
      await invoke('users', { method: 'POST', body })
      notify('User created. They will soon receive an email to set their password.')
      redirect('list', 'sales')
    } catch (error) {
      notify(error.message, { type: 'error' })
    }
  }
  return (
    <Create>
      <SimpleForm onSubmit={submit} toolbar={<Invite />} defaultValues={{ administrator: false, disabled: false }}>
        <TextInput source="first_name" validate={required()} />
        <TextInput source="last_name" validate={required()} />
        <TextInput source="email" type="email" validate={required()} />
        <BooleanInput source="administrator" />
      </SimpleForm>
    </Create>
  )
}

export const sales = { list: SalesList, create: SalesCreate }
