/// Errors of the area `data`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {}

impl DataError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        None
    }
}
