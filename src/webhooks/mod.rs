//! Webhooks: whoever subscribed is told of what happens to opportunities, in the old or the new words.
//!
//! In: changes, noted by triggers in the writer's transaction (`migrations/*_webhooks_triggers.sql`). Out:
//! signed POST requests, at least once, in order per opportunity and subscription.
//!
//! ```text
//! triggers -> outbox (claim) -> worker -> payload, sign -> send -> retry -> outbox (finish)
//! routes -> store
//! ```
//!
//! Many processes share the queue: what ended is reported and what is next is claimed in one short transaction
//! under an advisory lock, many deliveries at a time, and a claim that its process does not finish is free again
//! after a while. Nothing is locked while a request is under way. Signatures: <https://www.standardwebhooks.com/>. Queue:
//! <https://microservices.io/patterns/data/transactional-outbox.html>.

mod attempts;
mod housekeeping;
mod outbox;
pub mod overlap;
pub mod payload;
pub mod retry;
pub mod routes;
pub mod send;
pub mod sign;
mod store;
mod wake;
pub mod worker;

/// Channel of PostgreSQL on which the triggers say that there is something to deliver.
const CHANNEL: &str = "oppbase_webhooks";

/// All events, the old word beside the new one, from the mapping's table.
pub use crate::mapping::table::EVENTS;

/// Whether somebody may subscribe to an event of that name.
pub fn is_event(name: &str) -> bool {
    EVENTS
        .iter()
        .any(|event| event.old == name || event.new == name)
}

/// The names of all events: those of version 2, then those of version 1.
pub fn event_names() -> impl Iterator<Item = &'static str> {
    let new = EVENTS.iter().map(|event| event.new);
    new.chain(EVENTS.iter().map(|event| event.old))
}
