use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sha2::{Digest as _, Sha256};
use veridic::data::catalog::{Digest, Facts, Packing, Reading, Role, TableFormat};

use super::*;

const ROWS: &str = "a,b\n1,x\n2,y\n3,x\n";

/// A server on this machine that answers `GET path` with what `answer` returns, and counts requests.
struct Server {
    base: String,
    requests: Arc<AtomicUsize>,
}

impl Server {
    fn start(answer: impl Fn(&str) -> Vec<u8> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&requests);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let path = requested(&stream);
                count.fetch_add(1, Ordering::SeqCst);
                let _ = stream.write_all(&answer(&path));
            }
        });
        Self { base, requests }
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

fn requested(stream: &TcpStream) -> String {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let first = lines.next().unwrap_or_default();
    lines.find(String::is_empty);
    first.split(' ').nth(1).unwrap_or_default().to_owned()
}

fn ok(body: &[u8]) -> Vec<u8> {
    announced(body, body.len())
}

fn announced(body: &[u8], length: usize) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    [head.as_bytes(), body].concat()
}

fn hex(bytes: &[u8]) -> &'static str {
    let hex: String = Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect();
    hex.leak()
}

/// A data set of one table with the content [`ROWS`].
fn toy(origins: &'static [Origin]) -> Dataset {
    let facts = Facts::Table {
        rows: 3,
        columns: 2,
        missing: Some(0),
        class_column: 1,
        classes: &[("x", 2), ("y", 1)],
    };
    let digest = Some(Digest::Content(hex(ROWS.as_bytes())));
    let file = File { path: "toy/toy.csv", role: Role::Train, origins, bytes: Some(16), digest, facts };
    let reading = Reading::Table(TableFormat::CSV);
    let variant = Variant { name: "full", about: "", files: vec![file].leak(), reading };
    Dataset { name: "toy", about: "", licence: "", home: "http://toy", variants: vec![variant].leak() }
}

fn from(base: &str) -> Options {
    Options { from: Some(base.to_owned()), direct: true, ..Options::default() }
}

fn try_fetch(dataset: &Dataset, dir: &Path, options: &Options) -> Result<Fetched, FetchError> {
    fetch(dataset, dir, options, &mut |_| ControlFlow::Continue(()))
}

/// Everything below `dir`, with `/`.
fn listing(dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            found.extend(listing(&path).into_iter().map(|inner| format!("{name}/{inner}")));
        }
        found.push(name);
    }
    found.sort();
    found
}

#[test]
fn a_good_file_arrives_with_progress_and_is_already_there_the_second_time() {
    let server = Server::start(|path| {
        assert_eq!(path, "/mirror/toy/toy.csv");
        ok(ROWS.as_bytes())
    });
    let dir = tempfile::tempdir().unwrap();
    let options = from(&format!("{}/mirror/", server.base));
    let mut seen = Vec::new();
    let fetched = fetch(&toy(&[]), dir.path(), &options, &mut |progress| {
        seen.push(format!("{progress:?}"));
        ControlFlow::Continue(())
    })
    .unwrap();
    let url = format!("{}/mirror/toy/toy.csv", server.base);
    assert_eq!(fetched.files[0].outcome, Outcome::Downloaded { url: url.clone() });
    assert_eq!(fetched.files[0].sha256, hex(ROWS.as_bytes()));
    assert_eq!(
        seen,
        [
            format!("Start {{ url: {url:?} }}"),
            "Received { bytes: 16, total: Some(16) }".to_owned(),
            "Verify { path: \"toy/toy.csv\" }".to_owned()
        ]
    );
    assert_eq!(fs::read_to_string(dir.path().join("toy/toy.csv")).unwrap(), ROWS);
    assert_eq!(listing(dir.path()), ["toy", "toy/toy.csv"]);

    let again = try_fetch(&toy(&[]), dir.path(), &options).unwrap();
    assert_eq!(again.files[0].outcome, Outcome::AlreadyThere);
    assert_eq!(server.requests(), 1);
    let overwrite = Options { overwrite: true, ..options };
    let replaced = try_fetch(&toy(&[]), dir.path(), &overwrite).unwrap();
    assert_eq!(replaced.files[0].outcome, Outcome::Downloaded { url });
    assert_eq!(server.requests(), 2);
}

#[test]
fn another_content_is_refused_with_expected_and_found_and_nothing_stays() {
    let other = "a,b\n1,x\n2,y\n3,y\n";
    let server = Server::start(move |_| ok(other.as_bytes()));
    let dir = tempfile::tempdir().unwrap();
    let error = try_fetch(&toy(&[]), dir.path(), &from(&server.base)).unwrap_err();
    let (found, expected) = (hex(other.as_bytes()), hex(ROWS.as_bytes()));
    assert_eq!(
        error.to_string(),
        format!(
            "downloaded file is not the published one (sha256 is {found}, must be {expected}; rows of x is 1, \
             must be 2; rows of y is 2, must be 1): {}/toy/toy.csv",
            server.base
        )
    );
    assert!(listing(dir.path()).is_empty());
}

#[test]
fn a_404_is_named_with_the_way_by_hand() {
    let server = Server::start(|_| {
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\nConnection: close\r\n\r\nnone".to_vec()
    });
    let dir = tempfile::tempdir().unwrap();
    let error = try_fetch(&toy(&[]), dir.path(), &from(&server.base)).unwrap_err();
    assert_eq!(error.to_string(), format!("server answered 404, not 200: {}/toy/toy.csv", server.base));
    let path = dir.path().join("toy").join("toy.csv");
    let hint = format!("download it by hand: from {}/toy/toy.csv into {}", server.base, path.display());
    assert_eq!(error.hint().unwrap(), hint);
    assert!(listing(dir.path()).is_empty());
}

#[test]
fn a_body_shorter_than_announced_is_truncated() {
    let server = Server::start(|_| announced(ROWS.as_bytes(), 1000));
    let dir = tempfile::tempdir().unwrap();
    let error = try_fetch(&toy(&[]), dir.path(), &from(&server.base)).unwrap_err();
    let message = format!("download ended after 16 of 1000 bytes: {}/toy/toy.csv", server.base);
    assert_eq!(error.to_string(), message);
    assert!(listing(dir.path()).is_empty());
}

#[test]
fn a_redirect_is_followed() {
    let server = Server::start(|path| match path {
        "/toy/toy.csv" => {
            b"HTTP/1.1 302 Found\r\nLocation: /moved\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                .to_vec()
        }
        _ => ok(ROWS.as_bytes()),
    });
    let dir = tempfile::tempdir().unwrap();
    try_fetch(&toy(&[]), dir.path(), &from(&server.base)).unwrap();
    assert_eq!(server.requests(), 2);
}

#[test]
fn without_a_server_it_says_no_network_and_which_host() {
    let address = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let dir = tempfile::tempdir().unwrap();
    let error = try_fetch(&toy(&[]), dir.path(), &from(&format!("http://{address}"))).unwrap_err();
    let message = error.to_string();
    assert!(message.starts_with(&format!("no network: could not reach {address} (")), "{message}");
    assert!(error.hint().unwrap().starts_with(&format!("download it by hand: from http://{address}/toy")));
    assert!(listing(dir.path()).is_empty());
}

#[test]
fn an_unknown_host_is_no_network() {
    let dir = tempfile::tempdir().unwrap();
    let error = try_fetch(&toy(&[]), dir.path(), &from("https://nowhere.invalid")).unwrap_err();
    let message = error.to_string();
    assert!(message.starts_with("no network: could not reach nowhere.invalid ("), "{message}");
}

#[test]
fn a_file_that_differs_is_left_alone_unless_asked() {
    let server = Server::start(|_| ok(ROWS.as_bytes()));
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("toy")).unwrap();
    fs::write(dir.path().join("toy/toy.csv"), "mine").unwrap();
    let error = try_fetch(&toy(&[]), dir.path(), &from(&server.base)).unwrap_err();
    assert!(
        error.to_string().starts_with("file is there but is not the published one (bytes is 4, must be 16;")
    );
    assert_eq!(fs::read_to_string(dir.path().join("toy/toy.csv")).unwrap(), "mine");
    assert_eq!(server.requests(), 0);
    let overwrite = Options { overwrite: true, ..from(&server.base) };
    try_fetch(&toy(&[]), dir.path(), &overwrite).unwrap();
    assert_eq!(fs::read_to_string(dir.path().join("toy/toy.csv")).unwrap(), ROWS);
}

#[test]
fn a_failed_overwrite_keeps_the_old_file() {
    let server = Server::start(|_| announced(ROWS.as_bytes(), 1000));
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("toy")).unwrap();
    fs::write(dir.path().join("toy/toy.csv"), ROWS).unwrap();
    let overwrite = Options { overwrite: true, ..from(&server.base) };
    assert!(matches!(try_fetch(&toy(&[]), dir.path(), &overwrite), Err(FetchError::Truncated { .. })));
    assert_eq!(fs::read_to_string(dir.path().join("toy/toy.csv")).unwrap(), ROWS);
    assert_eq!(listing(dir.path()), ["toy", "toy/toy.csv"]);
}

#[test]
fn breaking_off_leaves_nothing() {
    let server = Server::start(|_| ok(ROWS.as_bytes()));
    let dir = tempfile::tempdir().unwrap();
    let error = fetch(&toy(&[]), dir.path(), &from(&server.base), &mut |progress| match progress {
        Progress::Received { .. } => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    })
    .unwrap_err();
    assert!(matches!(error, FetchError::Interrupted { .. }));
    assert!(listing(dir.path()).is_empty());
}

fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in files {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn tar_gz(name: &str, content: &[u8]) -> Vec<u8> {
    let gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut tar = tar::Builder::new(gz);
    let mut header = tar::Header::new_gnu();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    header.set_cksum();
    tar.append_data(&mut header, name, content).unwrap();
    tar.into_inner().unwrap().finish().unwrap()
}

fn member(
    url: String,
    packing: Packing,
    sha256: Option<&'static str>,
    member: &'static [&'static str],
) -> Origin {
    Origin::Member { url: url.leak(), packing, sha256, member }
}

#[test]
fn a_file_is_taken_out_of_a_zip_in_a_zip_and_out_of_a_tar() {
    let zip = zipped(&[("note", b"x"), ("inner.zip", &zipped(&[("dir/toy.csv", ROWS.as_bytes())]))]);
    let tar = tar_gz("dir/toy.csv", ROWS.as_bytes());
    let tar_hex = hex(&tar);
    let server = Server::start(move |path| ok(if path == "/zip" { &zip } else { &tar }));
    let zip = member(format!("{}/zip", server.base), Packing::Zip, None, &["inner.zip", "dir/toy.csv"]);
    let tar = member(format!("{}/tar", server.base), Packing::TarGz, Some(tar_hex), &["dir/toy.csv"]);
    for origin in [zip, tar] {
        let dir = tempfile::tempdir().unwrap();
        let options = Options { direct: true, ..Options::default() };
        try_fetch(&toy(vec![origin].leak()), dir.path(), &options).unwrap();
        assert_eq!(fs::read_to_string(dir.path().join("toy/toy.csv")).unwrap(), ROWS);
        assert_eq!(listing(dir.path()), ["toy", "toy/toy.csv"]);
    }
}

#[test]
fn the_next_home_is_tried_and_the_most_telling_error_reported() {
    let zip = zipped(&[("other", b"x")]);
    let server = Server::start(move |path| ok(if path == "/zip" { &zip } else { ROWS.as_bytes() }));
    let lacking = member(format!("{}/zip", server.base), Packing::Zip, None, &["toy.csv"]);
    let wrong = member(format!("{}/zip2", server.base), Packing::Zip, Some("00"), &["toy.csv"]);
    let nowhere = Origin::Url("http://nowhere.invalid/toy.csv");
    let good = Origin::Url(format!("{}/toy.csv", server.base).leak());
    let options = Options { direct: true, ..Options::default() };
    let dir = tempfile::tempdir().unwrap();
    try_fetch(&toy(vec![nowhere, lacking, wrong, good].leak()), dir.path(), &options).unwrap();
    assert_eq!(listing(dir.path()), ["toy", "toy/toy.csv"]);

    let dir = tempfile::tempdir().unwrap();
    let error = try_fetch(&toy(vec![nowhere, lacking].leak()), dir.path(), &options).unwrap_err();
    assert!(error.to_string().starts_with("cannot take toy.csv out of the archive: "), "{error}");
    assert!(listing(dir.path()).is_empty());
}

#[test]
fn a_set_without_a_public_home_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let error = try_fetch(&toy(&[]), dir.path(), &Options::default()).unwrap_err();
    assert_eq!(error.to_string(), "toy has no public download: http://toy");
}

#[test]
fn every_set_of_the_catalog_can_be_fetched() {
    for dataset in catalog::all() {
        assert!(choose(dataset, &Options::default()).is_ok(), "{}", dataset.name);
    }
}
