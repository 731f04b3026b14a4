//! The shell of every page: who may ask, and what every answer says about itself.
//!
//! The server listens on 127.0.0.1 alone. A page is opened with a one-time token, which is exchanged at once for a cookie.
//! Before anything else the Host is checked, so that a foreign name that was made to point here (DNS rebinding) gets
//! nothing; then who asks; then, for what changes something, that a page of this very server asks.

pub(crate) mod answer;
mod gate;
mod guard;
mod listen;

pub use gate::{Gate, Session};
pub(crate) use guard::Policy;
pub use guard::guarded;
pub use listen::{Listener, Unfinished};
