//! `/deals`: the old name of opportunities, in the old vocabulary. Its successor is `/opportunities`.

super::resource::typed_endpoint! {
    relation: "deals",
    collection: "/deals",
    item: "/deals/{id}",
    list: "Lists deals.",
    read: "Returns one deal.",
    create: "Creates a deal; a list creates several.",
    update: "Changes the sent columns of one deal.",
    delete: "Deletes one deal and what hangs on it.",
    row: Deal,
    input: DealInput,
}
