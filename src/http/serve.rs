//! An application on a socket. actix-web's `HttpServer` accepts only streams of its own, so its parts are put
//! together here, with the same timeouts, and with [`Stream`] between the socket and the HTTP parser.
//!
//! In: a bound socket and a factory of applications, one per worker. Out: a server that runs when polled.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::time::Duration;

use actix_http::body::MessageBody;
use actix_http::error::DispatchError;
use actix_http::{Extensions, HttpService, KeepAlive, Protocol, Request, Response};
use actix_server::{GracefulShutdownSignal, Server};
use actix_service::{
    IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt, fn_service, map_config,
};
use actix_web::Error;
use actix_web::dev::AppConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

use super::listen::{Listener, Socket};
use super::stream::Stream;
use crate::rest::disconnect::ClientSocket;

/// For a request's head, and for an idle connection.
const CLIENT_TIMEOUT: Duration = Duration::from_secs(5);
/// For the client's end of a connection that was told to close.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// How a server runs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Serving {
    /// Threads.
    pub workers: usize,
    /// How long running requests may take to end once it was told to stop.
    pub shutdown_timeout_s: u64,
    /// Requests get a handle of their socket, by which they can tell that their client went away.
    pub watch_clients: bool,
}

impl Serving {
    /// Starts to listen.
    ///
    /// # Errors
    /// When the system refuses, for example because another process listens there without sharing.
    pub(super) fn start<F, I, S, B>(self, socket: Socket, app: F) -> io::Result<Server>
    where
        F: Fn() -> I + Send + Clone + 'static,
        I: IntoServiceFactory<S, Request>,
        S: ServiceFactory<Request, Config = AppConfig> + 'static,
        S::Error: Into<Error> + 'static,
        S::InitError: fmt::Debug,
        S::Response: Into<Response<B>> + 'static,
        <S::Service as Service<Request>>::Future: 'static,
        S::Service: 'static,
        B: MessageBody + 'static,
    {
        let server = Server::build()
            .workers(self.workers)
            .disable_signals()
            .shutdown_timeout(self.shutdown_timeout_s);
        let stop = server.graceful_shutdown_signal();
        let server = match socket.listen()? {
            Listener::Tcp(listener) => server.listen("http", listener, move || {
                fn_service(|socket: TcpStream| async {
                    let peer = socket.peer_addr().ok();
                    Ok((Stream::new(socket), Protocol::Http1, peer))
                })
                .and_then(self.http(app(), stop.clone()))
            }),
            Listener::Unix(listener) => server.listen_uds("http", listener, move || {
                fn_service(|socket: UnixStream| async {
                    Ok((Stream::new(socket), Protocol::Http1, None))
                })
                .and_then(self.http(app(), stop.clone()))
            }),
        };
        Ok(server?.run())
    }

    /// An application behind HTTP/1 on connections over one kind of socket.
    fn http<T, I, S, B>(
        self,
        app: I,
        stop: GracefulShutdownSignal,
    ) -> impl ServiceFactory<
        (Stream<T>, Protocol, Option<SocketAddr>),
        Config = (),
        Response = (),
        Error = DispatchError,
        InitError = (),
    >
    where
        T: AsyncRead + AsyncWrite + AsFd + Unpin + 'static,
        I: IntoServiceFactory<S, Request>,
        S: ServiceFactory<Request, Config = AppConfig> + 'static,
        S::Error: Into<Error> + 'static,
        S::InitError: fmt::Debug,
        S::Response: Into<Response<B>> + 'static,
        <S::Service as Service<Request>>::Future: 'static,
        S::Service: 'static,
        B: MessageBody + 'static,
    {
        let app = app
            .into_factory()
            .map_err(|error| error.into().error_response());
        HttpService::build()
            .keep_alive(KeepAlive::Timeout(CLIENT_TIMEOUT))
            .client_request_timeout(CLIENT_TIMEOUT)
            .client_disconnect_timeout(DISCONNECT_TIMEOUT)
            .h1_allow_half_closed(true)
            .graceful_shutdown_signal(move || {
                let stop = stop.clone();
                async move { stop.notified().await }
            })
            .on_connect_ext(move |stream: &Stream<T>, extensions: &mut Extensions| {
                if self.watch_clients
                    && let Some(socket) = ClientSocket::of(stream.socket())
                {
                    extensions.insert(socket);
                }
            })
            // Host and address of the server are asked by nobody.
            .finish(map_config(app, |()| AppConfig::default()))
    }
}
