// Opportunities: a board with a column for each stage. A dropped card is stored as the CRM does it: one
// PATCH for every card whose place changed, at the same time.
import { useEffect, useState } from 'react'
import { Card, CardContent, Paper, Typography } from '@mui/material'
import { DragDropContext, Draggable, Droppable } from '@hello-pangea/dnd'
import {
  AutocompleteInput, Create, DateInput, List, NumberInput, ReferenceArrayInput, ReferenceField, ReferenceInput, AutocompleteArrayInput,
  SelectInput, SimpleForm, TextField, TextInput, RecordContextProvider, required, useDataProvider, useGetIdentity, useListContext, useNotify,
} from 'react-admin'

const STAGES = ['lead', 'qualified', 'needs_analysis', 'proposal', 'negotiation', 'closed_won', 'closed_lost', 'nurturing']
const titleOf = (stage) => stage.replace('_', ' ')

const columns = (records) => {
  const sorted = [...records].sort((a, b) => a.index - b.index || b.id - a.id)
  return Object.fromEntries(STAGES.map((stage) => [stage, sorted.filter((record) => record.stage === stage)]))
}

/** The board after a card was moved, and what has to be stored for it. */
const moved = (board, { source, destination }) => {
  const next = { ...board, [source.droppableId]: [...board[source.droppableId]] }
  const [card] = next[source.droppableId].splice(source.index, 1)
  next[destination.droppableId] = [...next[destination.droppableId]]
  next[destination.droppableId].splice(destination.index, 0, { ...card, stage: destination.droppableId })
  const changes = []
  for (const stage of new Set([source.droppableId, destination.droppableId])) {
    next[stage] = next[stage].map((now, index) => {
      const before = board[source.droppableId].concat(board[stage]).find((other) => other.id === now.id)
      if (before.index !== index || before.stage !== stage) changes.push({ before, data: { index, stage } })
      return { ...now, index }
    })
  }
  return { next, changes }
}

const Opportunity = ({ record, index }) => (
  <Draggable draggableId={String(record.id)} index={index}>
    {(drag) => (
      <Card ref={drag.innerRef} {...drag.draggableProps} {...drag.dragHandleProps} sx={{ mb: 1 }} data-opportunity={record.name}>
        <CardContent>
          <RecordContextProvider value={record}>
            <TextField source="name" component="div" />
            <ReferenceField source="customer_organization_id" reference="companies" link={false} />
            <Typography variant="caption" display="block">
              {record.amount} · {record.probability} %
            </Typography>
          </RecordContextProvider>
        </CardContent>
      </Card>
    )}
  </Draggable>
)

const Board = () => {
  const { data, refetch } = useListContext()
  const dataProvider = useDataProvider()
  const notify = useNotify()
  const [board, setBoard] = useState(columns([]))
  useEffect(() => setBoard(columns(data ?? [])), [data])

  const drop = async (result) => {
    if (!result.destination) return
    const { next, changes } = moved(board, result)
    setBoard(next)
    try {
      await Promise.all(
        changes.map(({ before, data }) => dataProvider.update('opportunities', { id: before.id, data, previousData: before })),
      )
    } catch (error) {
      notify(error.message, { type: 'error' })
    }
    refetch()
  }

  return (
    <DragDropContext onDragEnd={drop}>
      <div style={{ display: 'flex', gap: 8, padding: 8 }}>
        {STAGES.map((stage) => (
          <Droppable droppableId={stage} key={stage}>
            {(place) => (
              <Paper ref={place.innerRef} {...place.droppableProps} variant="outlined" sx={{ flex: 1, minHeight: 300, p: 1 }} data-stage={stage}>
                <Typography variant="subtitle2" align="center" gutterBottom>
                  {titleOf(stage)}
                </Typography>
                {board[stage].map((record, index) => (
                  <Opportunity record={record} index={index} key={record.id} />
                ))}
                {place.placeholder}
              </Paper>
            )}
          </Droppable>
        ))}
      </div>
    </DragDropContext>
  )
}

const OpportunityList = () => (
  <List perPage={100} pagination={false} filter={{ 'deleted_at@is': 'null' }} sort={{ field: 'index', order: 'ASC' }} empty={false}>
    <Board />
  </List>
)

const OpportunityCreate = () => {
  const { identity } = useGetIdentity()
  return (
    <Create redirect="list" transform={(data) => ({ ...data, sales_id: identity.id, index: 0 })}>
      <SimpleForm defaultValues={{ stage: 'lead' }}>
        <TextInput source="name" validate={required()} />
        <ReferenceInput source="customer_organization_id" reference="companies">
          <AutocompleteInput label="Customer" filterToQuery={(text) => ({ 'name@ilike': text })} />
        </ReferenceInput>
        <ReferenceArrayInput source="contact_ids" reference="contacts">
          <AutocompleteArrayInput label="Contacts" filterToQuery={(text) => ({ 'last_name@ilike': text })} />
        </ReferenceArrayInput>
        <NumberInput source="amount" />
        <SelectInput source="stage" choices={STAGES.map((id) => ({ id, name: titleOf(id) }))} validate={required()} />
        <DateInput source="estimated_close_date" />
      </SimpleForm>
    </Create>
  )
}

export const opportunities = { list: OpportunityList, create: OpportunityCreate }
