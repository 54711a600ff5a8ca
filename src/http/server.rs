//! Stands in for the server until it is merged: the same signatures, a listener without an application.

use std::net::SocketAddr;

use crate::config::Config;

/// A started server.
#[derive(Debug)]
pub struct Running {
    _listener: std::net::TcpListener,
    /// Address of the API.
    pub address: SocketAddr,
}

impl Running {
    /// Stops it.
    pub async fn stop(self) {}
}

/// Binds.
///
/// # Errors
/// When the address cannot be bound.
pub async fn start(config: Config) -> anyhow::Result<Running> {
    let listener = std::net::TcpListener::bind((config.server.host.as_str(), config.server.port))?;
    let address = listener.local_addr()?;
    Ok(Running {
        _listener: listener,
        address,
    })
}
