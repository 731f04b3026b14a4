//! Veridic learns what data is like, makes more of it, and says what does not belong in it.
//!
//! Data goes in as a value, a fitted model comes out as a value; files are a layer around that. The library has no user
//! interface: it never prints, reads environment variables, exits or opens a socket.
//!
//! | type | what it is |
//! |---|---|
//! | [`Data`](data::Data) | a table with its schema, or images |
//! | [`Config`](run::Config) | everything a fit is decided by, as TOML; [`Config::default_for_tables`](run::Config::default_for_tables) for tables |
//! | [`fit`](fn@fit) | data and configuration to a fitted model |
//! | [`Fitted`] | samples, scores, explains, encodes, reconstructs, saves itself; [`Fitted::can`] says what it is capable of |
//! | [`fit_files`](run::fit_files) | the same from files to a run directory |
//!
//! # A table in memory: fitted, sampled, scored with reasons, saved and opened again
//!
//! ```
//! use veridic::data::{Cells, Table};
//! use veridic::run::Config;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let ages = (0..300).map(|i| f64::from(20 + i * 7 % 60));
//! let pensions = (0..300).map(|i| Some(if 20 + i * 7 % 60 >= 65 { "yes" } else { "no" }));
//! let table = Table::new([("age", Cells::numbers(ages)), ("pension", Cells::texts(pensions))])?;
//!
//! let mut fitted = veridic::fit(table.clone(), &Config::default_for_tables(), 2)?;
//! let made = fitted.sample(50, &[], 1)?;
//! assert_eq!(made.len(), 50);
//!
//! let odd = Table::new([("age", Cells::numbers([30])), ("pension", Cells::texts([Some("yes")]))])?;
//! let usual = fitted.score(table.clone(), 0)?;
//! let scores = fitted.score(odd, 1)?;
//! let median = { let mut all = usual.scores.clone(); all.sort_by(f64::total_cmp); all[all.len() / 2] };
//! assert!(scores.scores[0] > median);
//! assert_eq!(scores.reasons[0].len(), 1);
//!
//! let place = tempfile::tempdir()?;
//! let run = place.path().join("run");
//! fitted.save(&run)?;
//! let mut again = veridic::Fitted::open(&run, 1)?;
//! assert_eq!(again.score(table, 0)?, usual);
//! # Ok(())
//! # }
//! ```
//!
//! # A network from a recipe, and what it is capable of
//!
//! ```
//! use veridic::data::{Cells, Table};
//! use veridic::models::Ability;
//! use veridic::run::Config;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let recipe = "
//!     [model.vae]
//!     latent = 2
//!     likelihood = 'mixed'
//!     encoder = [{ dense = 8, activation = 'relu' }]
//!     decoder = [{ dense = 8, activation = 'relu' }]
//!     [train]
//!     epochs = 2
//! ";
//! let table = Table::new([("x", Cells::numbers((0..200).map(|i| f64::from(i % 17))))])?;
//! let mut fitted = veridic::fit(table.clone(), &Config::from_toml(recipe, "recipe")?, 1)?;
//! assert!(fitted.can(Ability::Encode));
//! let (codes, _, _) = fitted.encode(table)?;
//! assert_eq!(codes.columns.len(), 2);
//! # Ok(())
//! # }
//! ```
//!
//! # Rows in parts, with flat memory
//!
//! ```
//! # use veridic::data::{Cells, Table};
//! # use veridic::run::Config;
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let table = Table::new([("x", Cells::numbers((0..200).map(|i| f64::from(i % 17))))])?;
//! # let config = Config::default_for_tables();
//! let mut fitted = veridic::fit(table.clone(), &config, 1)?;
//! let rows = fitted.read(table)?;
//! for scores in fitted.score_batches(rows.chunks(64), 1) {
//!     assert!(scores?.scores.iter().all(|score| score.is_finite()));
//! }
//! let made: usize = fitted.sample_batches(50, &[], 1).take(3).map(|part| part.map_or(0, |part| part.len())).sum();
//! assert_eq!(made, 150);
//! # Ok(())
//! # }
//! ```

pub mod codec;
pub mod data;
pub mod error;
pub mod evaluate;
pub mod figure;
pub mod label;
pub mod latent;
pub mod models;
pub mod nn;
pub mod project;
pub mod run;
pub mod seed;
pub mod train;

pub use error::{Error, Result};
pub use run::{Fitted, fit};
/// Worker threads, which networks are trained and used by.
pub use veridic_graph::Pool;
