/// Errors of the area `figure`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FigureError {}

impl FigureError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        None
    }
}
