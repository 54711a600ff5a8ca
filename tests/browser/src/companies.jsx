// Companies: the list with its counts (a view of the database), the form, one company with its people.
import {
  Create, CreateButton, DataTable, Datagrid, Edit, List, NumberField, ReferenceManyField, SearchInput, Show, SimpleForm,
  SimpleShowLayout, TextField, TextInput, TopToolbar, required, useGetIdentity,
} from 'react-admin'

const Actions = () => (
  <TopToolbar>
    <CreateButton resource="companies" />
  </TopToolbar>
)

const CompanyList = () => (
  <List
    resource="companies_summary"
    title="Companies"
    sort={{ field: 'name', order: 'ASC' }}
    filters={[<SearchInput source="name@ilike" alwaysOn key="q" />]}
    actions={<Actions />}
    empty={false}
  >
    <Datagrid rowClick={(id) => `/companies/${id}/show`} bulkActionButtons={false}>
      <TextField source="name" />
      <TextField source="sector" />
      <TextField source="city" />
      <NumberField source="nb_contacts" label="Contacts" />
      <NumberField source="nb_deals" label="Opportunities" />
    </Datagrid>
  </List>
)

const fields = [
  <TextInput source="name" validate={required()} key="name" />,
  <TextInput source="sector" key="sector" />,
  <TextInput source="city" key="city" />,
  <TextInput source="website" key="website" />,
]

const CompanyCreate = () => {
  const { identity } = useGetIdentity()
  return (
    <Create redirect="show" transform={(data) => ({ ...data, sales_id: identity.id })}>
      <SimpleForm>{fields}</SimpleForm>
    </Create>
  )
}

const CompanyEdit = () => (
  <Edit redirect="show">
    <SimpleForm>{fields}</SimpleForm>
  </Edit>
)

const CompanyShow = () => (
  <Show>
    <SimpleShowLayout>
      <TextField source="name" />
      <TextField source="sector" />
      <ReferenceManyField reference="contacts" target="company_id" label="Contacts">
        <DataTable bulkActionButtons={false}>
          <DataTable.Col source="first_name" />
          <DataTable.Col source="last_name" />
        </DataTable>
      </ReferenceManyField>
      <ReferenceManyField reference="opportunities" target="customer_organization_id" label="Opportunities">
        <DataTable bulkActionButtons={false}>
          <DataTable.Col source="name" />
          <DataTable.Col source="stage" />
          <DataTable.NumberCol source="amount" />
        </DataTable>
      </ReferenceManyField>
    </SimpleShowLayout>
  </Show>
)

export const companies = { list: CompanyList, create: CompanyCreate, edit: CompanyEdit, show: CompanyShow }
