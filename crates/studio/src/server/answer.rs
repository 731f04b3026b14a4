//! How requests are read, worked on and answered.

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::StudioError;

/// An answer, or what went wrong.
pub(crate) type Answer = Result<Response, Failure>;
/// The body of a request, or why it was not taken.
pub(crate) type Sent = Result<Bytes, BytesRejection>;

/// What went wrong, as the page is told.
#[derive(Debug, Clone)]
pub(crate) struct Failure(pub(crate) StatusCode, pub(crate) String, pub(crate) Option<String>);

impl Failure {
    /// There is nothing of that name.
    pub(crate) fn absent(what: &str) -> Self {
        Self(StatusCode::NOT_FOUND, format!("there is no such {what}"), None)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "message": self.1, "hint": self.2 }))).into_response()
    }
}

impl From<StudioError> for Failure {
    fn from(error: StudioError) -> Self {
        let status = match &error {
            StudioError::NoRun { .. } => StatusCode::NOT_FOUND,
            StudioError::Refused(_) | StudioError::ClassName { .. } | StudioError::Library(_) => {
                StatusCode::CONFLICT
            }
            StudioError::Database { source, .. }
                if source.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull) =>
            {
                StatusCode::INSUFFICIENT_STORAGE
            }
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let mut message = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(inner) = cause {
            message = format!("{message}: {inner}");
            cause = inner.source();
        }
        Self(status, message, error.hint())
    }
}

/// The JSON of a request.
pub(crate) fn parsed<T: DeserializeOwned>(sent: Sent) -> Result<T, Failure> {
    let bytes = sent.map_err(|error| Failure(error.status(), "the request is too large".into(), None))?;
    serde_json::from_slice(&bytes).map_err(|error| {
        Failure(StatusCode::BAD_REQUEST, format!("the request is not understood: {error}"), None)
    })
}

/// Runs what computes or waits for the disk beside the requests of others.
pub(crate) async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StudioError> + Send + 'static,
) -> Result<T, Failure> {
    let done = tokio::task::spawn_blocking(work).await;
    let lost = || Failure(StatusCode::INTERNAL_SERVER_ERROR, "the server failed".into(), None);
    done.map_err(|_| lost())?.map_err(Failure::from)
}
