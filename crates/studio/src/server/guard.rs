//! What is checked before a request is answered, in this order: Host, token or cookie, origin, form.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};

use super::{Gate, Session};

/// Bytes that a request may bring.
const MOST_BYTES: usize = 64 * 1024;

/// What every answer says: nothing from elsewhere, nothing for elsewhere, nothing kept.
const HEADERS: [(HeaderName, &str); 8] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=()"),
];

/// What one answer may do, in place of what all of them may: a policy of content security.
#[derive(Debug, Clone)]
pub(crate) struct Policy(HeaderValue);

impl Policy {
    /// Nothing of a text that is no header.
    pub(crate) fn new(policy: &str) -> Option<Self> {
        HeaderValue::from_str(policy).ok().map(Self)
    }
}

/// `pages` behind the gate. Handlers find the [`Session`] among the extensions of a request.
pub fn guarded(pages: Router, gate: Arc<Gate>) -> Router {
    pages
        .fallback(|| async { refuse(StatusCode::NOT_FOUND, "there is no such page") })
        .layer(DefaultBodyLimit::max(MOST_BYTES))
        .layer(middleware::from_fn_with_state(gate, guard))
}

async fn guard(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response {
    let mut answer = match admit(&gate, request) {
        Ok(request) => next.run(request).await,
        Err(answer) => *answer,
    };
    for (name, value) in HEADERS {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    if let Some(Policy(own)) = answer.extensions().get::<Policy>().cloned() {
        answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, own);
    }
    answer
}

fn admit(gate: &Gate, mut request: Request) -> Result<Request, Box<Response>> {
    let headers = request.headers();
    let no = |status, why| Err(Box::new(refuse(status, why)));
    if !is_own_host(gate, headers) {
        return no(StatusCode::FORBIDDEN, "this server answers to its own name only");
    }
    let method = request.method().clone();
    if ![Method::GET, Method::HEAD, Method::POST].contains(&method) {
        return no(StatusCode::METHOD_NOT_ALLOWED, "only GET and POST are understood");
    }
    let by_cookie = cookie(headers, &gate.cookie()).and_then(|value| gate.session(value));
    if method == Method::GET && request.uri().path() == "/" {
        let query = request.uri().query().unwrap_or("");
        if let Some(token) = query.split('&').find_map(|pair| pair.strip_prefix("token=")) {
            return Err(Box::new(enter(gate, token, by_cookie)));
        }
    }
    let by_secret = bearer(headers).is_some_and(|value| gate.is_secret(value));
    let session = match (by_cookie, by_secret) {
        (Some(session), _) => session,
        (None, true) => Session(0),
        (None, false) => return Err(Box::new(stranger(request.uri().path()))),
    };
    // Following a link from elsewhere shows the page; everything else is for the page alone.
    let is_page = method == Method::GET && request.uri().path() == "/";
    if !is_page && !is_same_site(gate, headers) {
        return no(StatusCode::FORBIDDEN, "this request comes from another site");
    }
    if method == Method::POST {
        let has_proof = headers.contains_key("sec-fetch-site") || headers.contains_key(header::ORIGIN);
        if !has_proof && !by_secret {
            return no(StatusCode::FORBIDDEN, "this request does not say where it comes from");
        }
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
        if kind.split(';').next().map(str::trim) != Some("application/json") {
            return no(StatusCode::UNSUPPORTED_MEDIA_TYPE, "only JSON is understood");
        }
    }
    request.extensions_mut().insert(session);
    Ok(request)
}

/// Exchanges the one-time token, and leads to the page without it.
fn enter(gate: &Gate, token: &str, known: Option<Session>) -> Response {
    let mut answer = StatusCode::SEE_OTHER.into_response();
    answer.headers_mut().insert(header::LOCATION, HeaderValue::from_static("/"));
    if let Some(value) = gate.exchange(token) {
        let cookie = format!("{}={value}; HttpOnly; SameSite=Strict; Path=/", gate.cookie());
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            answer.headers_mut().insert(header::SET_COOKIE, cookie);
        }
        return answer;
    }
    // A link that was used by this very browser is no harm.
    if known.is_some() { answer } else { stranger("/") }
}

fn is_own_host(gate: &Gate, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    host.to_str().is_ok_and(|host| is_own(gate, host))
}

fn is_own(gate: &Gate, authority: &str) -> bool {
    let (name, port) = authority.rsplit_once(':').unwrap_or((authority, "80"));
    port.parse() == Ok(gate.port()) && (name == "127.0.0.1" || name.eq_ignore_ascii_case("localhost"))
}

/// Whether what a browser says about the origin of a request, if it says something, is this server.
fn is_same_site(gate: &Gate, headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let site = text(HeaderName::from_static("sec-fetch-site"));
    let origin = text(header::ORIGIN);
    site.is_none_or(|site| matches!(site, "same-origin" | "none"))
        && origin.is_none_or(|origin| {
            origin.strip_prefix("http://").is_some_and(|authority| is_own(gate, authority))
        })
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|line| line.split(';')).find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

/// An answer to whoever is not known: words for people on the page, JSON elsewhere.
fn stranger(path: &str) -> Response {
    if path != "/" {
        return refuse(StatusCode::UNAUTHORIZED, "open the page with the link that the command printed");
    }
    let page = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Veridic</title>\
                <h1>This page opens with its link</h1>\
                <p>Each link that the command prints lets one browser in, once. Run the same command again for a new \
                one; it finds the server that is running.</p></html>";
    let kind = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
    (StatusCode::UNAUTHORIZED, kind, Body::from(page)).into_response()
}

/// An error as every part of the server tells it.
pub(crate) fn refuse(status: StatusCode, message: &str) -> Response {
    (status, axum::Json(serde_json::json!({ "message": message, "hint": null }))).into_response()
}
