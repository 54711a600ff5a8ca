//! How fast a load goes. The first one as fast as it can: nobody is served before. A reload in small slices
//! with pauses between them, because requests run beside it which must not wait for a processor: they meet a
//! slice rarely, and then a short one.
//!
//! Comes in: how long each slice took. Goes out: the size of the next one, and the pause before it.

use std::ops::Range;
use std::time::{Duration, Instant};

/// Relations (or functions) in a slice of a load that need not give way.
const LARGEST: usize = 1000;

/// The same in the first slice of one that does.
const FIRST: usize = 20;

/// A slice below this size costs more than it does.
const SMALLEST: usize = 5;

/// How long a slice should take.
const SLICE: Duration = Duration::from_millis(1);

/// Pause after a slice, in times of what it took.
const REST: u32 = 4;

/// Longest pause after a slice.
const LONGEST_REST: Duration = Duration::from_millis(20);

/// Sum of all pauses of a load, above which it goes on without: a change should show soon.
const MAX_REST: Duration = Duration::from_millis(1800);

/// Whether a load gives way to requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// As fast as it can.
    Full,
    /// In small slices.
    Gentle,
}

/// The state of one load.
#[derive(Debug, Clone)]
pub(super) struct Pacer {
    pace: Pace,
    size: usize,
    rested: Duration,
}

impl Pacer {
    pub(super) fn new(pace: Pace) -> Self {
        Self {
            pace,
            size: match pace {
                Pace::Full => LARGEST,
                Pace::Gentle => FIRST,
            },
            rested: Duration::ZERO,
        }
    }

    /// The next slice of a list of this length that starts here; `None` at its end.
    pub(super) fn slice(&self, length: usize, start: usize) -> Option<Range<usize>> {
        (start < length).then(|| start..length.min(start + self.size))
    }

    /// A new kind of work: its slices may cost more.
    pub(super) fn start_over(&mut self) {
        self.size = Self::new(self.pace).size;
    }

    /// Notes what a slice took; the pause that should follow.
    fn pause(&mut self, took: Duration) -> Duration {
        if self.pace == Pace::Full {
            return Duration::ZERO;
        }
        self.size = if took > SLICE * 2 {
            self.size / 2
        } else if took > SLICE {
            self.size * 3 / 4
        } else if took < SLICE / 2 {
            self.size * 3 / 2
        } else {
            self.size
        }
        .clamp(SMALLEST, LARGEST);
        let pause = (took * REST)
            .min(LONGEST_REST)
            .min(MAX_REST.saturating_sub(self.rested));
        self.rested += pause;
        pause
    }

    /// Pauses after a slice that started at this time.
    pub(super) async fn rest(&mut self, started: Instant) {
        let pause = self.pause(started.elapsed());
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn slices_cover_the_list_and_pauses_are_bounded(
            length in 0..20_000_usize,
            times in prop::collection::vec(0..30_000_u64, 1..50),
            pace in prop::sample::select(vec![Pace::Full, Pace::Gentle]),
        ) {
            let mut pacer = Pacer::new(pace);
            let mut covered = 0;
            let mut rested = Duration::ZERO;
            let mut times = times.iter().cycle();
            while let Some(slice) = pacer.slice(length, covered) {
                prop_assert_eq!(slice.start, covered);
                prop_assert!(slice.end > covered && slice.end <= length);
                covered = slice.end;
                let took = Duration::from_micros(*times.next().expect("endless"));
                rested += pacer.pause(took);
            }
            prop_assert_eq!(covered, length);
            let most = if pace == Pace::Full { Duration::ZERO } else { MAX_REST };
            prop_assert!(rested <= most);
        }
    }

    #[test]
    fn a_slice_becomes_as_long_as_it_should_be() {
        let cost = Duration::from_micros(15);
        let mut pacer = Pacer::new(Pace::Gentle);
        for _ in 0..20 {
            let size = u32::try_from(pacer.size).expect("small");
            pacer.pause(cost * size);
        }
        let took = cost * u32::try_from(pacer.size).expect("small");
        assert!(took >= SLICE / 2 && took <= SLICE, "{took:?}");
    }

    #[test]
    fn the_first_load_does_not_pause() {
        let mut pacer = Pacer::new(Pace::Full);
        assert_eq!(pacer.pause(Duration::from_secs(1)), Duration::ZERO);
        assert_eq!(pacer.slice(3000, 0), Some(0..LARGEST));
    }
}
