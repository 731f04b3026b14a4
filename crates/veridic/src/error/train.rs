/// Errors while a model learns.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A loss became infinite or not a number.
    #[error("`{part}` became {loss} at step {step} of epoch {epoch}; a finite loss is needed to go on")]
    NotFinite {
        /// The part of the loss.
        part: &'static str,
        /// The step, counted from 1 over the whole run.
        step: u64,
        /// The epoch, from 1.
        epoch: usize,
        /// What it became.
        loss: f32,
    },
    /// The graph refused what it was given.
    #[error(transparent)]
    Graph(#[from] veridic_graph::GraphError),
}

impl TrainError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotFinite { epoch, .. } => {
                let remedy = "lower the learning rate, bound the gradients with `train.clip-norm = 1.0`, or look for extreme \
                              values in the data";
                let kept = if *epoch > 1 {
                    "the weights of the last good epoch are kept"
                } else {
                    "no epoch had ended, so there are no weights to keep"
                };
                Some(format!("{remedy}; {kept}"))
            }
            Self::Graph(_) => None,
        }
    }
}
