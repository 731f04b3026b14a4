//! One process a file of labels. Beside the file lies a lock, which the system gives up when its process ends, however it
//! ends; in it stands how the process can be reached.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Result, StudioError};

/// How long the other process is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// The right to use a file of labels, as long as it lives.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
    path: PathBuf,
}

/// How the process that has the file can be reached.
#[derive(Debug, Serialize, Deserialize)]
struct Reach {
    port: u16,
    secret: String,
}

impl Lock {
    /// Takes the lock of the labels at `path`; `None` where another process has it.
    pub(crate) fn take(path: &Path) -> Result<Option<Self>> {
        let path = beside(path);
        let failed = |source| StudioError::File { path: path.clone(), source };
        loop {
            let file = open(&path).map_err(failed)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(source)) => return Err(failed(source)),
            }
            // A process that ended may have taken this very file away between the two.
            if is_at(&file, &path) {
                return Ok(Some(Self { file, path }));
            }
        }
    }

    /// Says how this process can be reached; the file is for its owner's eyes only.
    pub(crate) fn publish(&self, port: u16, secret: &str) -> Result<()> {
        let write = || -> io::Result<()> {
            let mut file = &self.file;
            file.set_len(0)?;
            file.rewind()?;
            serde_json::to_writer(&mut file, &Reach { port, secret: secret.to_owned() })?;
            file.flush()
        };
        write().map_err(|source| StudioError::File { path: self.path.clone(), source })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // While it is still locked: whoever opened it meanwhile finds that it is gone.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Asks the process that has the labels at `path` for a link to its page.
pub(crate) fn invitation(path: &Path) -> Result<String> {
    let in_use = || StudioError::InUse { path: path.to_owned() };
    let text = std::fs::read_to_string(beside(path)).map_err(|_| in_use())?;
    let reach: Reach = serde_json::from_str(&text).map_err(|_| in_use())?;
    ask(&reach).map_err(|_| in_use())
}

fn ask(reach: &Reach) -> io::Result<String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, reach.port));
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let Reach { port, secret } = reach;
    stream.write_all(
        format!(
            "POST /api/invite HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {secret}\r\n\
             Content-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}"
        )
        .as_bytes(),
    )?;
    let mut answer = String::new();
    stream.take(64 * 1024).read_to_string(&mut answer)?;
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let wrong = || io::Error::other("another answer than a link");
    let json: serde_json::Value = serde_json::from_str(body).map_err(|_| wrong())?;
    let url = json.get("url").and_then(|url| url.as_str()).ok_or_else(wrong)?;
    // Nothing but a page of this machine is opened.
    if url.starts_with(&format!("http://127.0.0.1:{port}/")) { Ok(url.to_owned()) } else { Err(wrong()) }
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let (Ok(open), Ok(there)) = (file.metadata(), path.metadata()) else { return false };
    (open.dev(), open.ino()) == (there.dev(), there.ino())
}

#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_one_process_s_and_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("labels.db");
        let lock = Lock::take(&path).unwrap().unwrap();
        assert!(Lock::take(&path).unwrap().is_none());
        assert!(matches!(invitation(&path), Err(StudioError::InUse { .. })));
        lock.publish(1, "x").unwrap();
        assert!(matches!(invitation(&path), Err(StudioError::InUse { .. })), "nobody listens there");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = beside(&path).metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        drop(lock);
        assert_eq!(dir.path().read_dir().unwrap().count(), 0);
        assert!(Lock::take(&path).unwrap().is_some());
    }

    #[test]
    fn a_folder_that_is_not_there_is_said() {
        let error = Lock::take(Path::new("/no/such/folder/labels.db")).unwrap_err();
        assert!(error.hint().is_some_and(|hint| hint.contains("folder")));
    }
}
