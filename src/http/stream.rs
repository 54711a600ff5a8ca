//! A client's connection, whose request targets arrive percent-encoded.
//!
//! In: the bytes of the socket. Out: those of [`super::request_target`], to actix. What is written passes.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::request_target::RequestTargets;

/// A socket under actix.
#[derive(Debug)]
pub(super) struct Stream<T> {
    socket: T,
    targets: RequestTargets,
    /// What became longer than the space it was read into.
    waiting: Bytes,
}

impl<T> Stream<T> {
    pub(super) fn new(socket: T) -> Self {
        Self {
            socket,
            targets: RequestTargets::default(),
            waiting: Bytes::new(),
        }
    }

    pub(super) fn socket(&self) -> &T {
        &self.socket
    }

    /// Gives as much of what waits as there is space for.
    fn give(&mut self, buffer: &mut ReadBuf<'_>) {
        let length = self.waiting.len().min(buffer.remaining());
        buffer.put_slice(&self.waiting[..length]);
        self.waiting.advance(length);
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Stream<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.waiting.is_empty() {
            let before = buffer.filled().len();
            ready!(Pin::new(&mut self.socket).poll_read(context, buffer))?;
            if let Some(changed) = self.targets.feed(&buffer.filled()[before..]) {
                buffer.set_filled(before);
                self.waiting = changed.into();
            }
        }
        self.give(buffer);
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Stream<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }
}
