//! `/opportunity_participants`: organisations that take part in an opportunity.

super::resource::typed_endpoint! {
    relation: "opportunity_participants",
    collection: "/opportunity_participants",
    item: "/opportunity_participants/{id}",
    list: "Lists participants.",
    read: "Returns one participant.",
    create: "Creates a participant; a list creates several.",
    update: "Changes the sent columns of one participant.",
    delete: "Deletes one participant and what hangs on it.",
    row: OpportunityParticipant,
    input: OpportunityParticipantInput,
}
