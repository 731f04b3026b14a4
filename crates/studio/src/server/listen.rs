//! From a port to the last answer.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;

use crate::{Result, StudioError};

/// How often is looked whether to stop.
const GLANCE: Duration = Duration::from_millis(100);
/// How long requests may take that run when it is time to stop.
const LAST_REQUESTS: Duration = Duration::from_secs(2);

/// What becomes of work that requests began and that is not done when it is time to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfinished {
    /// It is waited for: something is being kept.
    Awaited,
    /// It ends with the process: nobody waits for what it computes.
    Dropped,
}

/// A port of 127.0.0.1 that is listened on.
#[derive(Debug)]
pub struct Listener {
    runtime: tokio::runtime::Runtime,
    socket: tokio::net::TcpListener,
    port: u16,
}

impl Listener {
    /// Listens on this port, or on any that is free.
    ///
    /// # Errors
    /// A port that is taken.
    pub fn bind(port: Option<u16>) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(8)
            .build()
            .map_err(StudioError::Server)?;
        let port = port.unwrap_or(0);
        let socket = runtime
            .block_on(tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)))
            .map_err(|source| StudioError::Port { port, source })?;
        let port = socket.local_addr().map_err(StudioError::Server)?.port();
        Ok(Self { runtime, socket, port })
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Answers until `stop` is raised.
    ///
    /// # Errors
    /// A socket that fails.
    pub fn serve(self, router: Router, stop: &AtomicBool, unfinished: Unfinished) -> Result<()> {
        let Self { runtime, socket, .. } = self;
        let served = runtime.block_on(async {
            let (end, ended) = tokio::sync::oneshot::channel::<()>();
            let server = axum::serve(socket, router).with_graceful_shutdown(async {
                let _ = ended.await;
            });
            let server = tokio::spawn(async { server.await });
            while !stop.load(Ordering::SeqCst) && !server.is_finished() {
                tokio::time::sleep(GLANCE).await;
            }
            let _ = end.send(());
            match tokio::time::timeout(LAST_REQUESTS, server).await {
                Ok(Ok(served)) => served,
                // A browser that keeps its connection open is left behind.
                Ok(Err(_)) | Err(_) => Ok(()),
            }
        });
        if unfinished == Unfinished::Dropped {
            runtime.shutdown_background();
        }
        served.map_err(StudioError::Server)
    }
}
