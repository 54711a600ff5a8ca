// Contacts: the list, the form, and one contact with notes, tasks and the merge with another contact.
import {
  AutocompleteInput, Create, DataTable, Edit, List, ReferenceField, ReferenceInput, SelectInput, Show, SimpleForm,
  SimpleShowLayout, TextField, TextInput, required, useGetIdentity,
} from 'react-admin'
import { Merge } from './Merge.jsx'
import { Notes } from './Notes.jsx'
import { Tasks } from './Tasks.jsx'

const STATUS = ['cold', 'warm', 'hot'].map((id) => ({ id, name: id }))

const ContactList = () => (
  <List sort={{ field: 'last_seen', order: 'DESC' }}>
    <DataTable rowClick="show" bulkActionButtons={false}>
      <DataTable.Col source="first_name" />
      <DataTable.Col source="last_name" />
      <DataTable.Col source="title" />
      <DataTable.Col label="Company">
        <ReferenceField source="company_id" reference="companies" />
      </DataTable.Col>
      <DataTable.Col source="status" />
    </DataTable>
  </List>
)

const fields = [
  <TextInput source="first_name" validate={required()} key="first" />,
  <TextInput source="last_name" validate={required()} key="last" />,
  <TextInput source="title" key="title" />,
  <TextInput source="email_jsonb[0].email" label="Email" key="email" />,
  <ReferenceInput source="company_id" reference="companies" key="company">
    <AutocompleteInput filterToQuery={(text) => ({ 'name@ilike': text })} />
  </ReferenceInput>,
  <SelectInput source="status" choices={STATUS} key="status" />,
]

const ContactCreate = () => {
  const { identity } = useGetIdentity()
  const transform = (data) => {
    const now = new Date().toISOString()
    return { ...data, first_seen: now, last_seen: now, tags: [], sales_id: identity.id }
  }
  return (
    <Create redirect="show" transform={transform}>
      <SimpleForm>{fields}</SimpleForm>
    </Create>
  )
}

const ContactEdit = () => (
  <Edit redirect="show">
    <SimpleForm>{fields}</SimpleForm>
  </Edit>
)

const ContactShow = () => (
  <Show>
    <SimpleShowLayout>
      <TextField source="first_name" />
      <TextField source="last_name" />
      <TextField source="title" emptyText="–" />
      <TextField source="email_jsonb[0].email" label="Email" emptyText="–" />
      <ReferenceField source="company_id" reference="companies" emptyText="–" />
      <Notes />
      <Tasks />
      <Merge />
    </SimpleShowLayout>
  </Show>
)

export const contacts = { list: ContactList, create: ContactCreate, edit: ContactEdit, show: ContactShow }
