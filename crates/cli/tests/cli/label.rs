//! `veridic label`: labels survive the death of the server, one process has a file, and files come and go.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::Duration;

use crate::{Place, Ran, customers};

/// The server of a page, killed when it goes.
struct Server {
    child: Child,
    port: u16,
    cookie: String,
}

impl Server {
    fn start(place: &Place, arguments: &[&str]) -> Self {
        let base = ["label", "data.csv", "--labels", "l.db", "--no-browser", "--annotator", "ada"];
        let mut command = place.command(&[&base[..], arguments].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let (port, path) = address(&line);
        let (status, head, _) = ask(port, &format!("GET {path} HTTP/1.1"), "", "").unwrap();
        assert_eq!(status, 303, "{head}");
        let cookie = head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        Self { child, port, cookie }
    }

    /// A request of the page; `None` where the server is gone.
    fn post(&self, path: &str, body: &str) -> Option<(u16, String)> {
        post(self.port, &self.cookie, path, body)
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// The port and the rest of `http://127.0.0.1:PORT/…`.
fn address(line: &str) -> (u16, String) {
    let rest = line.trim().strip_prefix("http://127.0.0.1:").unwrap_or_else(|| panic!("no address: {line}"));
    let (port, path) = rest.split_once('/').unwrap();
    (port.parse().unwrap(), format!("/{path}"))
}

fn post(port: u16, cookie: &str, path: &str, body: &str) -> Option<(u16, String)> {
    let headers = format!(
        "Cookie: {cookie}\r\nOrigin: http://127.0.0.1:{port}\r\nSec-Fetch-Site: same-origin\r\n\
         Content-Type: application/json\r\n"
    );
    let (status, _, body) = ask(port, &format!("POST {path} HTTP/1.1"), &headers, body)?;
    Some((status, body))
}

fn ask(port: u16, line: &str, headers: &str, body: &str) -> Option<(u16, String, String)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(60))).ok()?;
    let text = format!(
        "{line}\r\nHost: 127.0.0.1:{port}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(text.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    // An answer that was cut off has confirmed nothing.
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "))?;
    (length.parse() == Ok(body.len())).then(|| (status, head.to_owned(), body.to_owned()))
}

/// The rows of an answer.
fn ids(answer: &str) -> Vec<u32> {
    let after = answer.split(r#""id":"#).skip(1).filter_map(|rest| rest.split_once(','));
    after.filter(|(_, rest)| rest.starts_with(r#""marks""#)).map(|(id, _)| id.parse().unwrap()).collect()
}

/// The labelled rows of a file, from 0, with their classes, by its export.
fn exported(place: &Place) -> BTreeMap<u32, String> {
    place.succeed(&["label", "l.db", "--export", "out.csv"]);
    let text = place.read("out.csv");
    let rows = text.lines().skip(1).map(|line| line.split(',').collect::<Vec<_>>());
    let mut found = BTreeMap::new();
    for cells in rows.filter(|cells| cells[1] == "label") {
        let row: u32 = cells[0].parse().unwrap();
        assert!(found.insert(row - 1, cells[2].to_owned()).is_none(), "row {row} twice");
    }
    found
}

#[test]
fn no_label_that_was_confirmed_is_lost_when_the_server_is_killed() {
    let place = Place::new();
    place.write("data.csv", customers(4000));
    let mut confirmed: BTreeMap<u32, String> = BTreeMap::new();
    let mut sent = 0;
    let mut dice = 2463534242_u32;
    for round in 0..6 {
        let server = Server::start(&place, &["--classes", "yes,no"]);
        dice ^= dice << 13;
        dice ^= dice >> 17;
        dice ^= dice << 5;
        let (port, cookie) = (server.port, server.cookie.clone());
        let labeller = std::thread::spawn(move || {
            let mut done = Vec::new();
            let (mut tried, mut ready) = (0, Vec::new());
            loop {
                if ready.is_empty() {
                    match post(port, &cookie, "/api/next", r#"{"have":[],"want":3}"#) {
                        Some((200, answer)) => ready = ids(&answer),
                        _ => return (done, tried),
                    }
                }
                let row = ready.remove(0);
                let class = row % 2;
                let body = format!(
                    r#"{{"key":"{round}-{row}","id":{row},"decision":"label","class":{class},"have":{ready:?},"want":1}}"#
                );
                tried += 1;
                match post(port, &cookie, "/api/decide", &body) {
                    Some((200, answer)) => {
                        done.push(row);
                        ready.extend(ids(&answer));
                    }
                    Some((status, answer)) => panic!("{status} {answer}"),
                    None => return (done, tried),
                }
            }
        });
        std::thread::sleep(Duration::from_millis(u64::from(dice % 400) + 20));
        server.kill();
        let (done, tried) = labeller.join().unwrap();
        sent += tried;
        for row in done {
            let before = confirmed.insert(row, ["yes", "no"][row as usize % 2].to_owned());
            assert!(before.is_none(), "row {row} was asked for again though it was labelled");
        }
        let audit = place.succeed(&["label", "data.csv", "--labels", "l.db", "--check"]);
        assert!(audit.err.contains("the sums agree, and the rows are as they were shown"), "{}", audit.err);
        let kept = exported(&place);
        for (row, class) in &confirmed {
            assert_eq!(kept.get(row), Some(class), "row {row} was confirmed in round {round} or before");
        }
        // What was on disk when the answer was cut off may be there, and nothing else.
        assert!(kept.len() <= sent, "{} kept, {sent} sent", kept.len());
        confirmed = kept;
    }
    assert!(confirmed.len() > 6, "{confirmed:?}");
}

#[test]
fn a_second_process_on_the_same_labels_is_one_more_page_of_the_first() {
    let place = Place::new();
    place.write("data.csv", customers(200));
    let server = Server::start(&place, &["--classes", "yes,no"]);
    let second = place.succeed(&["label", "data.csv", "--labels", "l.db", "--no-browser"]);
    assert!(second.err.contains("these labels are open in another process"), "{}", second.err);
    let (port, path) = address(&second.out);
    assert_eq!(port, server.port);
    let (status, head, _) = ask(port, &format!("GET {path} HTTP/1.1"), "", "").unwrap();
    assert_eq!(status, 303);
    let cookie = head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
    let other =
        post(port, cookie.split(';').next().unwrap(), "/api/next", r#"{"have":[],"want":9}"#).unwrap();
    let (_, first) = server.post("/api/next", r#"{"have":[],"want":9}"#).unwrap();
    assert_eq!((ids(&other.1).len(), ids(&first).len()), (9, 9));
    assert!(ids(&other.1).iter().all(|row| !ids(&first).contains(row)), "no row goes to two");
    // The page of the first shows its own data, which is to be the second's too.
    place.write("others.csv", customers(150).replacen("20,", "77,", 1));
    let err = place.fail(&["label", "others.csv", "--labels", "l.db", "--no-browser"]);
    assert!(
        err.starts_with("error: the labels are of other data") || err.contains("have changed since"),
        "{err}"
    );
    let err = place.fail(&["label", "nothing.csv", "--labels", "l.db", "--no-browser"]);
    assert!(err.contains("nothing.csv"), "{err}");
    // An import would not be seen by the page.
    place.write("in.csv", "row,class\n1,yes\n");
    let err = place.fail(&["label", "data.csv", "--labels", "l.db", "--import", "in.csv"]);
    assert_eq!(err, "error: another program is labelling with this file: l.db\nhint: close it first\n");
    server.kill();
    place.succeed(&["label", "data.csv", "--labels", "l.db", "--import", "in.csv", "--quiet"]);
    assert_eq!(exported(&place), BTreeMap::from([(0, "yes".to_owned())]));
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_the_page_says_where_labels_are_and_leaves_one_file() {
    let place = Place::new();
    place.write("data.csv", customers(200));
    let base = ["label", "data.csv", "--labels", "l.db", "--no-browser", "--classes", "yes,no"];
    let mut child = place.command(&base).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut String::new()).unwrap();
    let id = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let ran = Ran::of(&child.wait_with_output().unwrap());
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.err.contains("0 labels in l.db; `veridic label data.csv --labels l.db --export"),
        "{}",
        ran.err
    );
    let files: Vec<String> = place
        .path("")
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with("l.db"))
        .collect();
    assert_eq!(files, ["l.db"]);
}

#[test]
fn what_cannot_be_labelled_is_said_with_a_hint() {
    let place = Place::new();
    place.write("data.csv", customers(50));
    let err = place.fail(&["label", "data.csv"]);
    assert_eq!(err, "error: labels need a file\nhint: name it with --labels, as in --labels labels.db\n");
    let err = place.fail(&["label", "data.csv", "--labels", "l.db"]);
    assert_eq!(
        err,
        "error: labels need at least two classes, there are 0\nhint: name them, as in --classes genuine,fraud\n"
    );
    let err = place.fail(&["label", "data.csv", "--labels", "l.db", "--classes", "a,a"]);
    assert!(err.starts_with("error: a class cannot be called `a`: it is there already"), "{err}");
    let err = place.fail(&["label", "dat.csv", "--labels", "l.db", "--classes", "a,b"]);
    assert!(err.contains("did you mean"), "{err}");
    let err = place.fail(&["label", "data.csv", "--labels", "data.csv", "--classes", "a,b"]);
    assert!(err.starts_with("error: this is no file of labels: data.csv"), "{err}");
    let err = place.fail(&["label", "data.csv", "--labels", "l.db", "--classes", "a,b", "--hide", "cty"]);
    assert_eq!(
        err,
        "error: there is no column `cty`\nhint: did you mean `city`? there are `age`, `income`, `city`, `buys`\n"
    );
    let err = place.fail(&["label", "none.db", "--check"]);
    assert!(err.starts_with("error: there are no labels: none.db"), "{err}");
    assert!(!place.is_there("l.db"), "nothing is made in vain");
}

#[test]
fn rows_that_were_selected_elsewhere_are_asked_first() {
    let place = Place::new();
    place.write("data.csv", customers(50));
    place.write("selection.csv", "row,x,y,age\n41,0.5,1,30\n7,0.25,2,31\n12,0.125,3,32\n");
    let server = Server::start(&place, &["--classes", "a,b", "--first", "selection.csv"]);
    let (status, answer) = server.post("/api/next", r#"{"have":[],"want":3}"#).unwrap();
    assert_eq!((status, ids(&answer)), (200, vec![40, 6, 11]), "{answer}");
    server.kill();
    let base = ["label", "data.csv", "--labels", "m.db", "--classes", "a,b", "--no-browser", "--first"];
    for (text, said) in [
        ("row\n3\n51\n", "line 3 has the row `51`, the data has rows 1 to 50"),
        ("x\n3\n4\n", "no column `row` among x"),
    ] {
        place.write("bad.csv", text);
        let err = place.fail(&[&base[..], &["bad.csv"]].concat());
        assert!(err.contains(said) && err.contains("counted from 1"), "{err}");
    }
}

#[test]
fn labels_come_in_and_go_out_without_a_page() {
    let place = Place::new();
    place.write("data.csv", customers(50));
    place.write("in.csv", "row,label\n1,good\n2,bad\n50,good\n");
    let base = ["label", "data.csv", "--labels", "l.db"];
    let err = place.fail(&[&base[..], &["--classes", "yes,no", "--import", "in.csv"]].concat());
    assert!(err.starts_with("error: 3 rows have classes that are not known: bad, good: in.csv"), "{err}");
    let named = ["--classes", "yes,no", "--import", "in.csv", "--rename", "good=yes", "--rename", "bad=no"];
    let ran = place.succeed(&[&base[..], &named, &["--annotator", "eva"]].concat());
    assert_eq!(ran.err, "added 3 decisions to l.db\n");
    let ran = place.succeed(&["label", "l.db", "--check"]);
    let expected = "data        50  rows of data.csv\n\
                    shown        3\n\
                    labelled     3\n\
                    \x20 yes        2\n\
                    \x20 no         1\n\
                    skipped      0\n\
                    flagged      0\n\
                    pending      0  shown and not decided\n\
                    entries      3  0 undone, 0 remarks\n\
                    annotators   1  eva\n";
    assert_eq!(ran.out, expected);
    place.succeed(&[&base[..], &["--export", "out.jsonl"]].concat());
    let text = place.read("out.jsonl");
    assert_eq!(text.lines().count(), 3);
    assert!(
        text.lines().all(|line| line.contains(r#""annotator":"eva""#) && line.contains(r#""age":"#)),
        "{text}"
    );
    place.write("data.csv", customers(50).replacen("20,", "21,", 1));
    let err = place.fail(&[&base[..], &["--check"]].concat());
    assert!(
        err.starts_with(
            "error: 1 of the 3 rows that were shown have changed since, the first is row 1: l.db"
        ),
        "{err}"
    );
}

#[test]
fn ways_of_asking_are_compared_on_labels_that_are_known() {
    let place = Place::new();
    place.write("data.csv", customers(200));
    let base = ["label", "data.csv", "--simulate", "out", "--target", "buys"];
    let more = ["--budget", "40", "--draws", "2", "--strategies", "unsure,mixed"];
    let ran = place.succeed(&[&base[..], &more[..]].concat());
    let first = ran.out.lines().next().unwrap_or_default();
    assert!(first.starts_with("strategy") && first.contains("labels to random"), "{}", ran.out);
    assert_eq!(ran.out.lines().count(), 4, "{}", ran.out);
    assert!(place.read("out/curves.csv").starts_with("strategy,draw,labels,quality,found\nrandom,0,10,"));
    let report = place.read("out/report.json");
    for name in ["active.unsure.area", "active.mixed.labels_to_random", "active.random.found.low"] {
        assert!(report.contains(&format!("\"{name}\"")), "{report}");
    }
    let err = place.fail(&["label", "data.csv", "--simulate", "other"]);
    assert!(err.contains("--target"), "{err}");
    let ran = place.run(&[&base[..], &["--strategies", "best"]].concat());
    assert!(ran.code == Some(2) && ran.err.contains("core-set"), "{}", ran.err);
}

#[test]
fn a_network_tells_the_classes_of_a_table() {
    let place = Place::new();
    place.write("data.csv", customers(200));
    let fit = ["fit", "data.csv", "--target", "buys", "--set", "model=classifier", "--set", "train.epochs=3"];
    place.succeed(&[&fit[..], &["--out", "run", "--quiet"]].concat());
    assert!(place.read("run/report.json").contains("\"test.error\""), "{}", place.read("run/report.json"));
    let ran = place.succeed(&["classify", "run", "data.csv"]);
    assert_eq!(ran.out.lines().count(), 201, "{}", ran.out);
}

#[test]
fn few_labels_are_spread_over_a_table_and_tell_new_rows() {
    let place = Place::new();
    place.write("data.csv", customers(300));
    let base = ["fit", "data.csv", "--target", "buys", "--quiet", "--set", "model=propagation"];
    place.succeed(&[&base[..], &["--out", "run", "--set", "data.labelled=12"]].concat());
    let report = place.read("run/report.json");
    for name in ["test.error", "pseudo.error", "control.nearest.error", "floor.test.error"] {
        assert!(report.contains(&format!("\"{name}\"")), "{report}");
    }
    assert!(report.contains("\"labels.rows\": 12.0"), "{report}");
    let ran = place.succeed(&["classify", "run", "data.csv"]);
    assert_eq!(ran.out.lines().next(), Some("class,p_no,p_yes"));
    assert_eq!(ran.out.lines().count(), 301);
    // Labels of a file that the labelling page wrote count instead of those of the data.
    place.write("given.csv", "row,class\n1,young\n2,old\n3,young\n4,old\n5,young\n6,old\n7,young\n8,old\n");
    let given = ["--out", "given", "--set", "data.labels=given.csv", "--set", "data.split.by=order"];
    place.succeed(&[&base[..], &given].concat());
    let ran = place.succeed(&["classify", "given", "data.csv"]);
    assert!(ran.out.starts_with("class,p_no,p_old,p_yes,p_young\n"), "{}", &ran.out[..60]);
    let err = place.fail(&[&base[..], &["--out", "x", "--set", "data.labelled=1000"]].concat());
    assert!(err.contains("`data.labelled` is 1000"), "{err}");
    let err = place.fail(&[&base[..], &["--out", "y", "--set", "model.propagation.ask=true"]].concat());
    assert!(err.contains("data.labelled"), "{err}");
}
