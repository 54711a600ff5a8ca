//! `/contact_organizations`: which contact belongs to which organisations, in which role.

super::resource::typed_endpoint! {
    relation: "contact_organizations",
    collection: "/contact_organizations",
    item: "/contact_organizations/{id}",
    list: "Lists contact-organisation relations.",
    read: "Returns one contact-organisation relation.",
    create: "Creates a contact-organisation relation; a list creates several.",
    update: "Changes the sent columns of one contact-organisation relation.",
    delete: "Deletes one contact-organisation relation and what hangs on it.",
    row: ContactOrganization,
    input: ContactOrganizationInput,
}
