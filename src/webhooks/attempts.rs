//! The attempts under way: their number by subscription, and how each of them ended.
//!
//! In: futures that make an attempt. Out: their outcomes, one for each. An attempt ends even when it panics: its
//! room is free again, and it is noted as one that failed.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::outbox::{Claimed, Finished, Next};
use super::retry::{Answer, Schedule, Verdict};

/// An attempt that is no longer under way.
struct Ended {
    subscription_id: Uuid,
    /// `None`: it was not made, because its lease might not have outlasted it.
    finished: Option<Finished>,
}

/// The attempts of one worker; they end with it.
pub(super) struct Attempts {
    tasks: JoinSet<()>,
    busy: HashMap<Uuid, usize>,
    outcomes: (mpsc::UnboundedSender<Ended>, mpsc::UnboundedReceiver<Ended>),
}

impl Attempts {
    pub(super) fn new() -> Self {
        Self {
            tasks: JoinSet::new(),
            busy: HashMap::new(),
            outcomes: mpsc::unbounded_channel(),
        }
    }

    /// Attempts under way, by subscription.
    pub(super) fn busy(&self) -> &HashMap<Uuid, usize> {
        &self.busy
    }

    /// How many they are.
    pub(super) fn count(&self) -> usize {
        self.busy.values().sum()
    }

    /// Starts an attempt; `fault` is what is noted when it panics.
    pub(super) fn begin(
        &mut self,
        fault: Finished,
        attempt: impl Future<Output = Option<Finished>> + Send + 'static,
    ) {
        let subscription_id = fault.subscription_id;
        *self.busy.entry(subscription_id).or_default() += 1;
        let outcomes = self.outcomes.0.clone();
        self.tasks.spawn(async move {
            let made = AssertUnwindSafe(attempt).catch_unwind().await;
            let finished = made.unwrap_or_else(|_| {
                tracing::error!(id = fault.id, subscription = %fault.subscription_id,
                    "webhooks: an attempt ended in a panic");
                Some(fault)
            });
            // Fails only when the worker ends.
            let _ = outcomes.send(Ended {
                subscription_id,
                finished,
            });
        });
    }

    /// Waits until an attempt ends; what became of it, or `None` if it was not made.
    pub(super) async fn next(&mut self) -> Option<Finished> {
        // The other end of the channel is here too, so it is never closed.
        let ended = self.outcomes.1.recv().await?;
        self.free(ended)
    }

    /// What became of those that have ended meanwhile.
    pub(super) fn ended(&mut self) -> Vec<Finished> {
        let mut all = Vec::new();
        while let Ok(ended) = self.outcomes.1.try_recv() {
            all.extend(self.free(ended));
        }
        while self.tasks.try_join_next().is_some() {}
        all
    }

    fn free(&mut self, ended: Ended) -> Option<Finished> {
        if let Some(count) = self.busy.get_mut(&ended.subscription_id) {
            *count -= 1;
            if *count == 0 {
                self.busy.remove(&ended.subscription_id);
            }
        }
        ended.finished
    }
}

/// What is noted of an attempt that ends in a panic: it failed, which says nothing of the endpoint.
pub(super) fn fault(schedule: &Schedule, delivery: &Claimed) -> Finished {
    let answer = Answer {
        status: None,
        error: Some("a fault of this server, see its log".into()),
        retry_after: None,
    };
    Finished {
        id: delivery.id,
        claim: delivery.claim,
        subscription_id: delivery.subscription_id,
        next: next(schedule.judge(&answer, delivery.attempts)),
        status: None,
        reason: answer.reason(),
        was_made: false,
        is_gone: false,
        pause_s: 0.0,
    }
}

/// A verdict in the words of the queue.
pub(super) fn next(verdict: Verdict) -> Next {
    match verdict {
        Verdict::Delivered => Next::Delivered,
        Verdict::Again(delay) => Next::Queued(delay.as_secs_f64()),
        Verdict::Dead => Next::Dead,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finished(id: i64, next: Next) -> Finished {
        Finished {
            id,
            claim: Uuid::nil(),
            subscription_id: Uuid::nil(),
            next,
            status: None,
            reason: None,
            was_made: false,
            is_gone: false,
            pause_s: 0.0,
        }
    }

    #[tokio::test]
    async fn one_that_panics_gives_its_room_back_and_has_failed() {
        let mut attempts = Attempts::new();
        attempts.begin(finished(1, Next::Queued(1.0)), async {
            tokio::task::yield_now().await;
            panic!("as if by a fault")
        });
        attempts.begin(finished(2, Next::Dead), async {
            Some(finished(2, Next::Delivered))
        });
        attempts.begin(finished(3, Next::Dead), async { None });
        assert_eq!(attempts.count(), 3);
        let mut found = Vec::new();
        while attempts.count() > 0 {
            found.extend(attempts.next().await.map(|done| (done.id, done.next)));
        }
        found.sort_by_key(|(id, _)| *id);
        assert_eq!(found, [(1, Next::Queued(1.0)), (2, Next::Delivered)]);
        assert!(attempts.busy().is_empty());
        assert!(attempts.ended().is_empty());
    }
}
