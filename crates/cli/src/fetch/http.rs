//! One download over HTTP or HTTPS into a temporary file.

use std::io::{self, Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use tempfile::NamedTempFile;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, TlsProvider};
use ureq::{Agent, Error, Timeout};

use super::error::{ByHand, FetchError};
use super::{Options, Progress, Watch, temporary};

/// Downloads with one configuration.
pub(super) struct Client {
    agent: Agent,
    tls: bool,
}

impl Client {
    /// # Errors
    /// [`FetchError::Roots`] when the file of trusted certificates cannot be used.
    pub(super) fn new(options: &Options) -> Result<Self, FetchError> {
        let roots = options.roots.as_deref().map_or(Ok(RootCerts::WebPki), read_roots)?;
        let (tls_config, tls) = tls_config(roots);
        let mut config = Agent::config_builder()
            .tls_config(tls_config)
            .user_agent(concat!("veridic/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(Duration::from_secs(20)))
            .timeout_recv_response(Some(Duration::from_secs(60)))
            .timeout_per_read(Some(Duration::from_secs(60)))
            // Without TLS a redirect to https could not be followed.
            .max_redirects(if tls { 10 } else { 0 });
        if options.direct {
            config = config.proxy(None);
        }
        Ok(Self { agent: Agent::new_with_config(config.build()), tls })
    }

    /// Downloads `url` to a temporary file in `folder`; `target` is where it will go, for messages.
    ///
    /// # Errors
    /// What the network, the server or the disk did; the temporary file is gone then.
    pub(super) fn download(
        &self,
        url: &str,
        target: &Path,
        folder: &Path,
        watch: &mut Watch<'_>,
    ) -> Result<NamedTempFile, FetchError> {
        let by_hand = || ByHand { url: url.to_owned(), member: None, path: target.to_owned() };
        let interrupted = || FetchError::Interrupted { path: target.to_owned() };
        if watch(Progress::Start { url }).is_break() {
            return Err(interrupted());
        }
        let secure = url.starts_with("https:");
        if secure && !self.tls {
            let reason = "this processor lacks instructions that the built-in TLS needs".to_owned();
            return Err(FetchError::Tls { reason, by_hand: by_hand() });
        }
        let request = self.agent.get(url).config().https_only(secure).build();
        let response = request.call().map_err(|error| explain(error, by_hand(), 0))?;
        if response.status() != 200 {
            return Err(FetchError::Status { status: response.status().as_u16(), by_hand: by_hand() });
        }
        let total = response.body().content_length();
        let mut body = response.into_body().into_with_config().limit(u64::MAX).reader();
        let mut file = temporary(folder)?;
        let mut block = vec![0; 1 << 16];
        let (mut received, mut told) = (0_u64, Instant::now());
        loop {
            let n = match body.read(&mut block) {
                Ok(0) => break,
                Ok(n) => n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    return Err(match total {
                        Some(expected) if error.kind() == io::ErrorKind::UnexpectedEof => {
                            FetchError::Truncated { received, expected, by_hand: by_hand() }
                        }
                        _ => {
                            let reason = error.to_string();
                            FetchError::Broken { received, reason, by_hand: by_hand() }
                        }
                    });
                }
            };
            file.write_all(&block[..n])
                .map_err(|source| FetchError::Write { path: file.path().to_owned(), source })?;
            received += n as u64;
            if told.elapsed() >= Duration::from_millis(50) || Some(received) == total {
                told = Instant::now();
                if watch(Progress::Received { bytes: received, total }).is_break() {
                    return Err(interrupted());
                }
            }
        }
        match total {
            Some(expected) if expected != received => {
                Err(FetchError::Truncated { received, expected, by_hand: by_hand() })
            }
            _ => Ok(file),
        }
    }
}

fn read_roots(path: &Path) -> Result<RootCerts, FetchError> {
    let unusable = |reason: String| FetchError::Roots { path: path.to_owned(), reason };
    let pem = std::fs::read(path).map_err(|error| unusable(error.to_string()))?;
    let certificates: Vec<Certificate<'static>> = ureq::tls::parse_pem(&pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(Ok(certificate)),
            Ok(_) => None,
            Err(error) => Some(Err(unusable(error.to_string()))),
        })
        .collect::<Result<_, _>>()?;
    if certificates.is_empty() {
        return Err(unusable("it holds none".to_owned()));
    }
    Ok(RootCerts::from(certificates))
}

/// The TLS configuration and whether this processor can use it.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
fn tls_config(roots: RootCerts) -> (TlsConfig, bool) {
    let builder = TlsConfig::builder().provider(TlsProvider::Rustls).root_certs(roots);
    // The provider panics on processors without AES, AVX2 and the like, so it is asked first.
    if graviola::util::is_cpu_supported() {
        let provider = std::sync::Arc::new(rustls_graviola::default_provider());
        (builder.unversioned_rustls_crypto_provider(provider).build(), true)
    } else {
        (builder.build(), false)
    }
}

/// The TLS configuration and whether this processor can use it.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn tls_config(roots: RootCerts) -> (TlsConfig, bool) {
    (TlsConfig::builder().provider(TlsProvider::Rustls).root_certs(roots).build(), false)
}

fn explain(error: Error, by_hand: ByHand, received: u64) -> FetchError {
    use io::ErrorKind as Kind;
    let unreachable = |reason: String, by_hand: ByHand| {
        let host = host(&by_hand.url).to_owned();
        FetchError::NoNetwork { host, reason, by_hand }
    };
    match error {
        Error::StatusCode(status) => FetchError::Status { status, by_hand },
        Error::HostNotFound => unreachable("its name is not known".to_owned(), by_hand),
        Error::ConnectionFailed => unreachable("no connection".to_owned(), by_hand),
        Error::ConnectProxyFailed(reason) => unreachable(format!("the proxy refused: {reason}"), by_hand),
        Error::Timeout(Timeout::Resolve | Timeout::Connect) => {
            unreachable("no answer in time".to_owned(), by_hand)
        }
        Error::Io(error) => match error.kind() {
            Kind::ConnectionRefused
            | Kind::HostUnreachable
            | Kind::NetworkUnreachable
            | Kind::NetworkDown
            | Kind::AddrNotAvailable
            | Kind::TimedOut => unreachable(error.to_string(), by_hand),
            // rustls hands its complaints on as invalid data.
            Kind::InvalidData => FetchError::Tls { reason: error.to_string(), by_hand },
            // The resolver's errors have no kind of their own.
            _ if error.to_string().starts_with("failed to lookup address") => {
                unreachable("its name is not known".to_owned(), by_hand)
            }
            _ => FetchError::Broken { received, reason: error.to_string(), by_hand },
        },
        Error::Rustls(error) => FetchError::Tls { reason: error.to_string(), by_hand },
        Error::Tls(reason) => FetchError::Tls { reason: reason.to_owned(), by_hand },
        error => FetchError::Broken { received, reason: error.to_string(), by_hand },
    }
}

/// The host in an address, with its port if it names one.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    rest[..end].rsplit('@').next().unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_what_stands_between_scheme_and_path() {
        assert_eq!(host("https://www.cs.toronto.edu/~kriz/x.tar.gz"), "www.cs.toronto.edu");
        assert_eq!(host("http://user@localhost:80?q"), "localhost:80");
    }

    #[test]
    fn a_file_without_certificates_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = read_roots(file.path()).unwrap_err();
        assert!(error.to_string().starts_with("no certificates in PEM form: it holds none: "), "{error}");
    }
}
