//! The labelling page: the file of labels, the queue, the model in the background, and the requests of the page.

mod api;
mod ask;
mod check;
mod desk;
mod exchange;
mod features;
mod items;
mod keep;
mod lock;
mod model;
mod proposer;
mod queue;
mod serve;
mod simulate;
mod store;
mod strategy;
mod unusual;
mod view;

pub use api::router;
pub use ask::Review;
pub use check::{Audit, check};
pub use desk::{Desk, Reasons};
pub use exchange::{Exported, ImportOptions, Imported, export, import};
pub use features::features;
pub(crate) use items::hex;
pub use items::{Fingerprint, Identity, Items};
pub use keep::{Choice, Kind};
pub use proposer::{Logistic, Proposer};
pub use serve::{Opened, ServeOptions, attach, serve};
pub use simulate::{Simulated, simulate};
