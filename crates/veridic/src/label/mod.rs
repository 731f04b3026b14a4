//! Few labels: which rows to ask for, which to label without asking, how far people agree, and the rules by which a
//! history of decisions becomes labels. Plain functions over arrays.
//!
//! Rows are numbered from 0. Scores of rows are higher for what is to be asked first, and lists of rows come in the order
//! in which to ask.

mod agreement;
mod diversity;
mod ledger;
mod order;
mod pseudo;
mod simulate;
mod strategy;
mod uncertainty;

pub use agreement::{Agreement, agreement};
pub use diversity::{core_set, diverse, typical, typical_of_graph};
pub use ledger::{Action, Counts, Decision, Event, Ledger, Proposal, Status};
pub use order::{highest_first, mixture, random};
pub use pseudo::{PseudoConfig, PseudoError, PseudoLabel, pseudo_error, pseudo_labels};
pub use simulate::{Curve, Oracle, Quality, SimulateConfig, Simulation, simulate};
pub use strategy::{Known, Strategy};
pub use uncertainty::{disagreement, entropy, least_confident, margin};
