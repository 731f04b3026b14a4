//! Runs in a folder, read from their files alone: a run that another process trains is seen as it goes, and one that was
//! never finished or is damaged is still listed.

mod course;
mod list;
mod place;
pub(crate) mod remove;
mod steer;
mod view;

pub use course::Course;
pub use list::{Entry, Listing, Shelf};
pub use remove::Notes;
pub use steer::STOP;
pub use view::View;
