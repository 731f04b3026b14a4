//! Build an expression graph once, differentiate it symbolically, compile it, run it many times.
//!
//! ```
//! use veridic_graph::{Draw, Feed, Graph, Init, Pool, States};
//!
//! # fn main() -> Result<(), veridic_graph::GraphError> {
//! let graph = Graph::new();
//! let x = graph.rows("x", &[2]);
//! let y = graph.rows("y", &[1]);
//! let w = graph.state("w", &[2, 1], Init::Constant(0.0));
//! let loss = (x.matmul(w) - y).square().sum_width().mean_rows();
//! let gradient = graph.gradient(loss, &[w])[0];
//! let mut step = graph.compile(&[loss], &[(w, w - gradient * 0.1)])?;
//!
//! let mut pool = Pool::new(1);
//! let mut states = States::new(&graph, 0);
//! for i in 0..100 {
//!     let feeds = [Feed::Rows(&[1.0, 0.0, 0.0, 1.0]), Feed::Rows(&[2.0, -1.0])];
//!     step.run(&mut pool, &mut states, &feeds, 2, Draw { seed: 0, step: i })?;
//! }
//! assert!((states.entries[0].values[0] - 2.0).abs() < 1e-3);
//! # Ok(())
//! # }
//! ```
//!
//! Tensors either have rows (the batch) or are shared (parameters, statistics, losses); see [`Shape`]. A [`Plan`]
//! serves any number of rows, and its results do not depend on the number of threads.

mod convolution;
mod error;
mod expr;
mod grad;
mod graph;
mod init;
mod kernel;
pub mod loss;
mod op;
pub mod optimizer;
mod plan;
mod pool;
mod recurrence;
mod sequence;
mod shape;
mod window;

pub use error::GraphError;
pub use expr::Expr;
pub use graph::Graph;
pub use init::{Init, State, States};
pub use kernel::isa::Isa;
pub use plan::{Draw, Feed, Plan, TaskTime};
pub use pool::Pool;
pub use recurrence::Cell;
pub use shape::Shape;
pub use window::Window;
