//! What every model keeps to, with every likelihood: one suite, run through the library's front door.

#![allow(clippy::unwrap_used, clippy::print_stderr, missing_docs, reason = "test support")]

#[path = "../support/mod.rs"]
mod support;

mod adversary;
mod asking;
mod binarizing;
mod coupling;
mod disentangling;
mod ending;
mod image;
mod labelling;
mod resuming;
mod sampling;
mod scoring;
mod seeding;
mod table;
