//! Keeps the PostgreSQL of `oppbase dev` running: when it ends by itself (killed, out of memory), it
//! is started again, after pauses that grow. The server answers 503 meanwhile.

use std::pin::Pin;
use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

use super::failure::{Exit, Failure};
use super::note;
use crate::pg::embedded::Cluster;

/// The first pause lets the processes of the old server end.
const MIN_DELAY: Duration = Duration::from_millis(500);
const MAX_DELAY: Duration = Duration::from_secs(30);
/// A server that ran this long starts with the first pause again.
const CALM: Duration = Duration::from_secs(60);
/// How often the server is looked at.
const INTERVAL: Duration = Duration::from_millis(500);

/// Returns the cluster when `shutdown` completes.
///
/// # Errors
/// A panic while it was started again; the cluster is gone then.
pub(super) async fn until(
    mut shutdown: Pin<&mut impl Future<Output = ()>>,
    mut cluster: Cluster,
) -> Result<Cluster, Failure> {
    let mut delays = delays();
    let mut started = Instant::now();
    loop {
        tokio::select! {
            () = &mut shutdown => return Ok(cluster),
            () = ended(&mut cluster) => {}
        }
        if started.elapsed() >= CALM {
            delays = self::delays();
        }
        let delay = delays.next().unwrap_or(MAX_DELAY);
        note(&format!(
            "PostgreSQL does not run; starting it again in {} s",
            delay.as_secs_f32()
        ));
        tokio::select! {
            () = &mut shutdown => return Ok(cluster),
            () = tokio::time::sleep(delay) => {}
        }
        let restarted = tokio::task::spawn_blocking(move || {
            let result = cluster.restart();
            (cluster, result)
        });
        let result;
        (cluster, result) = restarted
            .await
            .map_err(|e| Failure::new(Exit::Other, e.to_string()))?;
        started = Instant::now();
        match result {
            Ok(()) => note("PostgreSQL runs again"),
            Err(error) => note(&Failure::from(error).to_string()),
        }
    }
}

async fn ended(cluster: &mut Cluster) {
    while cluster.is_running() {
        tokio::time::sleep(INTERVAL).await;
    }
}

fn delays() -> ExponentialBackoff {
    ExponentialBuilder::default()
        .with_min_delay(MIN_DELAY)
        .with_max_delay(MAX_DELAY)
        .without_max_times()
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_limit_and_never_end() {
        let delays: Vec<_> = delays().take(20).collect();
        assert_eq!(delays[0], MIN_DELAY);
        assert!(delays.is_sorted());
        assert_eq!(delays[19], MAX_DELAY);
    }
}
