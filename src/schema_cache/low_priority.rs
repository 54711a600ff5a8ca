//! Work that may take its time: on a thread of its own that gives way to the threads which serve requests.
//!
//! In: a closure. Out: its result.

use std::io;

use tokio::sync::oneshot;

/// The weakest claim on a processor that there is.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 19;

/// Runs the closure on such a thread.
///
/// # Errors
/// The system's, when there can be no further thread; [`io::ErrorKind::Other`] when the closure panicked.
pub async fn run<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, io::Error> {
    let (send, receive) = oneshot::channel();
    std::thread::Builder::new()
        .name("low-priority".into())
        .spawn(move || {
            // Of the calling thread alone, on Linux. Elsewhere, or if refused, it is merely not weaker.
            #[cfg(target_os = "linux")]
            let _ = rustix::process::setpriority_process(None, NICENESS);
            // A caller that is gone wants no answer.
            let _ = send.send(work());
        })?;
    receive.await.map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn niceness() -> i32 {
        rustix::process::getpriority_process(None).expect("our own")
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn only_the_other_thread_is_weaker() {
        let before = niceness();
        assert_eq!(run(niceness).await.expect("a result"), NICENESS);
        assert_eq!(niceness(), before);
    }

    #[tokio::test]
    async fn a_panic_is_an_error() {
        let outcome = run(|| assert_eq!(1, 2)).await;
        assert_eq!(outcome.expect_err("no result").kind(), io::ErrorKind::Other);
    }
}
