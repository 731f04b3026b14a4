//! Tokens and sessions.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use sha2::{Digest as _, Sha256};

/// A page that was let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session(pub u64);

type Hash = [u8; 32];

/// Who may come in. Only hashes of secrets are kept and compared, so that the time of a comparison tells nothing.
#[derive(Debug)]
pub struct Gate {
    port: u16,
    secret: String,
    secret_hash: Hash,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    tickets: HashSet<Hash>,
    sessions: HashMap<Hash, Session>,
    last: u64,
}

impl Gate {
    /// A gate for the server on this port.
    ///
    /// # Errors
    /// Where the system has no random numbers.
    pub fn new(port: u16) -> std::io::Result<Self> {
        let secret = token()?;
        let secret_hash = hash(&secret);
        Ok(Self { port, secret, secret_hash, state: Mutex::default() })
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What programs of the same user send as `Authorization: Bearer …`; 256 random bits.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// A new one-time token; 256 random bits.
    ///
    /// # Errors
    /// Where the system has no random numbers.
    pub fn ticket(&self) -> std::io::Result<String> {
        let ticket = token()?;
        self.lock().tickets.insert(hash(&ticket));
        Ok(ticket)
    }

    /// The address that lets one browser in.
    ///
    /// # Errors
    /// Where the system has no random numbers.
    pub fn invitation(&self) -> std::io::Result<String> {
        Ok(format!("http://127.0.0.1:{}/?token={}", self.port, self.ticket()?))
    }

    /// The name of the cookie; cookies are not kept apart by port, so the name is.
    pub fn cookie(&self) -> String {
        format!("veridic-{}", self.port)
    }

    /// Takes a one-time token for the value of a cookie; a token is worth nothing afterwards.
    pub(super) fn exchange(&self, ticket: &str) -> Option<String> {
        let value = token().ok()?;
        let mut state = self.lock();
        if !state.tickets.remove(&hash(ticket)) {
            return None;
        }
        state.last += 1;
        let session = Session(state.last);
        state.sessions.insert(hash(&value), session);
        Some(value)
    }

    /// The session of a cookie's value.
    pub(super) fn session(&self, value: &str) -> Option<Session> {
        self.lock().sessions.get(&hash(value)).copied()
    }

    /// Whether this is the secret.
    pub(super) fn is_secret(&self, value: &str) -> bool {
        hash(value) == self.secret_hash
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn hash(text: &str) -> Hash {
    Sha256::digest(text.as_bytes()).into()
}

/// 256 random bits as hexadecimal digits.
fn token() -> std::io::Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    Ok(crate::label::hex(&bytes))
}
