//! A small adversarial network that learns while somebody looks on: [`veridic::run::Live`] on one- and two-dimensional data,
//! a step at a time, with everything that can be seen of it.

mod divergence;
mod frame;
mod place;
mod setting;

pub(crate) use frame::{Ask, World};
pub(crate) use setting::Setting;
