//! `/opportunities`: what may be sold, to whom, how far it has come.

super::resource::typed_endpoint! {
    relation: "opportunities",
    collection: "/opportunities",
    item: "/opportunities/{id}",
    list: "Lists opportunities.",
    read: "Returns one opportunity.",
    create: "Creates an opportunity; a list creates several.",
    update: "Changes the sent columns of one opportunity.",
    delete: "Deletes one opportunity and what hangs on it.",
    row: Opportunity,
    input: OpportunityInput,
}
