//! The file of labels: an SQLite database that is only ever added to.
//!
//! Rows are counted from 1 in the file, as people count, and from 0 in memory. Entries of `event` cannot be changed or
//! deleted (triggers refuse it); what is undone is undone by another entry. A transaction is on disk before it is
//! confirmed: write-ahead log, `synchronous = FULL`.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Transaction, TransactionBehavior, params};
use veridic::label::{Action, Decision, Event, Ledger, Proposal};

use super::items::{Fingerprint, Identity};
use crate::{Result, StudioError};

/// Marks the file as ours: `Vlab`.
pub(super) const APPLICATION: i64 = 0x566c_6162;
/// The format of the file.
pub(super) const FORMAT: i64 = 1;

const TABLES: &str = "
CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE class (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE annotator (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
-- Every row that was given to a page, with what it held then.
CREATE TABLE shown (row INTEGER PRIMARY KEY CHECK (row > 0), fingerprint BLOB NOT NULL, time INTEGER NOT NULL) STRICT;
-- Everything that was decided, in order.
CREATE TABLE event (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  time INTEGER NOT NULL,
  row INTEGER NOT NULL REFERENCES shown,
  annotator INTEGER NOT NULL REFERENCES annotator,
  action TEXT NOT NULL CHECK (action IN ('label', 'skip', 'flag', 'comment', 'undo')),
  class INTEGER REFERENCES class,
  comment TEXT,
  undoes INTEGER UNIQUE REFERENCES event,
  proposal INTEGER REFERENCES class,
  probability REAL,
  -- Chosen by the page, so that what is sent twice is kept once.
  key TEXT NOT NULL UNIQUE,
  CHECK ((action = 'label') = (class IS NOT NULL)),
  CHECK ((action = 'comment') = (comment IS NOT NULL)),
  CHECK ((action = 'undo') = (undoes IS NOT NULL))
) STRICT;
CREATE INDEX event_by_row ON event (row);
CREATE TRIGGER event_is_not_changed BEFORE UPDATE ON event
BEGIN SELECT RAISE(ABORT, 'entries are added, never changed'); END;
CREATE TRIGGER event_is_not_deleted BEFORE DELETE ON event
BEGIN SELECT RAISE(ABORT, 'entries are added, never deleted'); END;
-- Where each row stands: its last decision that was not undone.
CREATE VIEW label AS
SELECT shown.row, coalesce(last.action, 'pending') AS status, class.name AS class, annotator.name AS annotator,
  strftime('%Y-%m-%dT%H:%M:%SZ', last.time / 1000, 'unixepoch') AS time
FROM shown
LEFT JOIN event AS last ON last.number = (
  SELECT max(number) FROM event AS e
  WHERE e.row = shown.row AND e.action IN ('label', 'skip', 'flag')
  AND NOT EXISTS (SELECT 1 FROM event AS u WHERE u.undoes = e.number))
LEFT JOIN class ON class.number = last.class
LEFT JOIN annotator ON annotator.number = last.annotator;
";

/// An entry with the key that its page gave it.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) event: Event,
    pub(crate) key: String,
}

/// What a file holds.
#[derive(Debug)]
pub(crate) struct Contents {
    pub(crate) classes: Vec<String>,
    /// By number.
    pub(crate) annotators: BTreeMap<u32, String>,
    pub(crate) shown: BTreeMap<u32, Fingerprint>,
    pub(crate) ledger: Ledger,
    /// The number of the entry that was made with each key.
    pub(crate) keys: HashMap<String, u64>,
    pub(crate) identity: Identity,
}

/// An open file of labels.
#[derive(Debug)]
pub(crate) struct Store {
    connection: Connection,
    path: PathBuf,
}

impl Store {
    /// Opens the file, or makes it for the data `identity` with no classes.
    pub(crate) fn open(path: &Path, identity: &Identity) -> Result<Self> {
        if path.is_file() && path.metadata().is_ok_and(|about| about.len() > 0) {
            return Self::existing(path, true);
        }
        let open = || -> rusqlite::Result<Connection> {
            let mut connection = Connection::open(path)?;
            settings(&connection)?;
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            transaction.execute_batch(TABLES)?;
            set_identity(&transaction, identity)?;
            transaction.pragma_update(None, "application_id", APPLICATION)?;
            transaction.pragma_update(None, "user_version", FORMAT)?;
            transaction.commit()?;
            Ok(connection)
        };
        let connection = open().map_err(|source| failed(path, source))?;
        Ok(Self { connection, path: path.to_owned() })
    }

    /// Opens a file that is there; without `write` nothing is changed.
    pub(crate) fn existing(path: &Path, write: bool) -> Result<Self> {
        if !path.is_file() {
            return Err(StudioError::NoLabels { path: path.to_owned() });
        }
        let flags = if write { OpenFlags::SQLITE_OPEN_READ_WRITE } else { OpenFlags::SQLITE_OPEN_READ_ONLY };
        let open = || -> rusqlite::Result<(Connection, i64, i64)> {
            let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
            let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
            let (application, format) = (pragma("application_id")?, pragma("user_version")?);
            if application == APPLICATION && write {
                settings(&connection)?;
            }
            Ok((connection, application, format))
        };
        let (connection, application, format) = open().map_err(|source| failed(path, source))?;
        if application != APPLICATION {
            return Err(StudioError::NotLabels { path: path.to_owned() });
        }
        if format != FORMAT {
            return Err(StudioError::Format { found: format, known: FORMAT, path: path.to_owned() });
        }
        Ok(Self { connection, path: path.to_owned() })
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Everything in the file, each entry checked as it is added.
    pub(crate) fn contents(&self) -> Result<Contents> {
        let (classes, annotators, shown, entries, identity) =
            self.read().map_err(|source| failed(&self.path, source))?;
        let mut ledger = Ledger::new(classes.len());
        let mut keys = HashMap::with_capacity(entries.len());
        for Entry { event, key } in entries {
            keys.insert(key, event.id);
            ledger.add(event).map_err(|error| self.inconsistent(error.to_string()))?;
        }
        let identity =
            identity.ok_or_else(|| self.inconsistent("it does not say which data it is of".into()))?;
        Ok(Contents { classes, annotators, shown, ledger, keys, identity })
    }

    #[expect(clippy::type_complexity, reason = "the parts of one reading")]
    fn read(
        &self,
    ) -> rusqlite::Result<(
        Vec<String>,
        BTreeMap<u32, String>,
        BTreeMap<u32, Fingerprint>,
        Vec<Entry>,
        Option<Identity>,
    )> {
        let connection = &self.connection;
        let mut statement = connection.prepare("SELECT name FROM class ORDER BY number")?;
        let classes = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        let mut statement = connection.prepare("SELECT number, name FROM annotator")?;
        let annotators = statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        let mut statement = connection.prepare("SELECT row - 1, fingerprint FROM shown")?;
        let shown = statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        let mut statement = connection.prepare(
            "SELECT number, time, row - 1, annotator, action, class, comment, undoes, proposal, probability, key \
             FROM event ORDER BY number",
        )?;
        let entries = statement.query_map([], entry)?.collect::<rusqlite::Result<_>>()?;
        let text: Option<String> = connection
            .query_row("SELECT value FROM about WHERE key = 'data'", [], |row| row.get(0))
            .optional()?;
        Ok((classes, annotators, shown, entries, text.and_then(|text| serde_json::from_str(&text).ok())))
    }

    /// Says which data the labels are of.
    pub(crate) fn set_identity(&self, identity: &Identity) -> Result<()> {
        set_identity(&self.connection, identity).map_err(|source| failed(&self.path, source))
    }

    /// Adds the class with the next number.
    pub(crate) fn add_class(&self, name: &str) -> Result<()> {
        let add = "INSERT INTO class (number, name) VALUES ((SELECT count(*) FROM class), ?1)";
        self.connection.execute(add, [name]).map(drop).map_err(|source| failed(&self.path, source))
    }

    /// The number of an annotator, who is added if new.
    pub(crate) fn annotator(&self, name: &str) -> Result<u32> {
        let number = || -> rusqlite::Result<u32> {
            self.connection.execute("INSERT OR IGNORE INTO annotator (name) VALUES (?1)", [name])?;
            self.connection
                .query_row("SELECT number FROM annotator WHERE name = ?1", [name], |row| row.get(0))
        };
        number().map_err(|source| failed(&self.path, source))
    }

    /// Writes rows that are about to be shown and entries, all or none; they are on disk when this returns.
    pub(crate) fn commit(&mut self, shown: &[(u32, Fingerprint)], entries: &[Entry]) -> Result<()> {
        if shown.is_empty() && entries.is_empty() {
            return Ok(());
        }
        write(&mut self.connection, shown, entries).map_err(|source| failed(&self.path, source))
    }

    /// What SQLite itself finds wrong with the file, and rows of the view `label` by their status.
    pub(crate) fn audit(&self) -> Result<(Vec<String>, BTreeMap<String, usize>)> {
        let read = || -> rusqlite::Result<(Vec<String>, BTreeMap<String, usize>)> {
            let mut problems = Vec::new();
            let found: String =
                self.connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
            if found != "ok" {
                problems.push(found);
            }
            let mut statement = self.connection.prepare("PRAGMA foreign_key_check")?;
            let strays = statement.query_map([], |_| Ok(()))?.count();
            if strays > 0 {
                problems.push(format!("{strays} entries name what is not there"));
            }
            let mut statement = self
                .connection
                .prepare("SELECT status || coalesce(': ' || class, ''), count(*) FROM label GROUP BY 1")?;
            let counts = statement
                .query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)? as usize)))?
                .collect::<rusqlite::Result<_>>()?;
            Ok((problems, counts))
        };
        read().map_err(|source| failed(&self.path, source))
    }

    /// Lets the file have at most `pages` more pages, as a full disk does.
    #[cfg(test)]
    pub(crate) fn limit(&self, pages: i64) {
        let now: i64 = self.connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
        self.connection.pragma_update_and_check(None, "max_page_count", now + pages, |_| Ok(())).unwrap();
    }

    fn inconsistent(&self, problem: String) -> StudioError {
        StudioError::Inconsistent { problems: vec![problem], path: self.path.clone() }
    }
}

/// Milliseconds since 1970-01-01T00:00:00 UTC by this machine's clock.
pub(crate) fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_millis() as i64)
}

fn settings(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "full")
}

fn set_identity(connection: &Connection, identity: &Identity) -> rusqlite::Result<()> {
    let text = serde_json::to_string(identity).unwrap_or_default();
    connection.execute("INSERT OR REPLACE INTO about VALUES ('data', ?1)", [text]).map(drop)
}

fn write(
    connection: &mut Connection,
    shown: &[(u32, Fingerprint)],
    entries: &[Entry],
) -> rusqlite::Result<()> {
    let transaction: Transaction<'_> =
        connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    {
        let mut statement = transaction.prepare("INSERT OR IGNORE INTO shown VALUES (?1 + 1, ?2, ?3)")?;
        for (row, fingerprint) in shown {
            statement.execute(params![row, fingerprint, now()])?;
        }
        let mut statement = transaction.prepare(
            "INSERT INTO event (number, time, row, annotator, action, class, comment, undoes, proposal, probability, key) \
             VALUES (?1, ?2, ?3 + 1, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?;
        for Entry { event, key } in entries {
            let (class, comment, undoes) = match &event.action {
                Action::Decide(Decision::Label(class)) => (Some(*class), None, None),
                Action::Decide(_) => (None, None, None),
                Action::Comment(text) => (None, Some(text.as_str()), None),
                Action::Undo(id) => (None, None, Some(*id as i64)),
            };
            let action = name(&event.action);
            let proposal = event.proposal.map(|proposal| proposal.class);
            let probability = event.proposal.map(|proposal| f64::from(proposal.probability));
            statement.execute(params![
                event.id as i64,
                event.time,
                event.row,
                event.annotator,
                action,
                class,
                comment,
                undoes,
                proposal,
                probability,
                key
            ])?;
        }
    }
    transaction.commit()
}

fn name(action: &Action) -> &'static str {
    match action {
        Action::Decide(Decision::Label(_)) => "label",
        Action::Decide(Decision::Skip) => "skip",
        Action::Decide(Decision::Flag) => "flag",
        Action::Comment(_) => "comment",
        Action::Undo(_) => "undo",
    }
}

fn entry(row: &rusqlite::Row<'_>) -> rusqlite::Result<Entry> {
    let action: String = row.get(4)?;
    let action = match action.as_str() {
        "label" => Action::Decide(Decision::Label(row.get(5)?)),
        "skip" => Action::Decide(Decision::Skip),
        "flag" => Action::Decide(Decision::Flag),
        "comment" => Action::Comment(row.get(6)?),
        _ => Action::Undo(row.get::<_, i64>(7)? as u64),
    };
    let class: Option<u16> = row.get(8)?;
    let probability: Option<f64> = row.get(9)?;
    let proposal = class
        .zip(probability)
        .map(|(class, probability)| Proposal { class, probability: probability as f32 });
    let id = row.get::<_, i64>(0)? as u64;
    let event = Event { id, time: row.get(1)?, row: row.get(2)?, annotator: row.get(3)?, action, proposal };
    Ok(Entry { event, key: row.get(10)? })
}

fn failed(path: &Path, source: rusqlite::Error) -> StudioError {
    let path = path.to_owned();
    match source.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase) => StudioError::NotLabels { path },
        _ => StudioError::Database { path, source },
    }
}
