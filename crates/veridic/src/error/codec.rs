/// Errors of the area `codec`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {}

impl CodecError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        None
    }
}
