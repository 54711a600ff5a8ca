//! Notices that a client went away while its request runs, so that its query can be cancelled.
//!
//! actix reads nothing from a connection while a request of it is being answered. The server keeps a second
//! handle of every accepted socket; a request that takes longer than a moment peeks at it: end of stream
//! means that the client closed.

use std::net::TcpStream as StdTcpStream;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;

/// Requests that end sooner are never looked at.
const FIRST_LOOK: Duration = Duration::from_millis(200);
/// Pause after bytes of a next request were seen, behind which an end of stream would hide.
const NEXT_LOOK: Duration = Duration::from_secs(1);

/// A second handle of a client's socket.
#[derive(Debug, Clone)]
pub struct ClientSocket(Arc<StdTcpStream>);

impl ClientSocket {
    /// Duplicates the socket's handle; `None` when the system has no more.
    pub fn of(socket: &impl AsFd) -> Option<Self> {
        let fd: BorrowedFd<'_> = socket.as_fd();
        Some(Self(Arc::new(StdTcpStream::from(
            fd.try_clone_to_owned().ok()?,
        ))))
    }

    /// Completes when the client has closed the connection; never when that cannot be told.
    pub async fn closed(self) {
        tokio::time::sleep(FIRST_LOOK).await;
        let socket = self.0.try_clone().and_then(TcpStream::from_std);
        if let Ok(socket) = socket {
            let mut byte = [0];
            loop {
                match socket.peek(&mut byte).await {
                    Ok(0) | Err(_) => return,
                    Ok(_) => tokio::time::sleep(NEXT_LOOK).await,
                }
            }
        }
        std::future::pending().await
    }
}
