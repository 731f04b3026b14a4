//! Where the data of a run lies now: runs and data are moved, and relative paths begin in the folder in which a fit was started.

use std::path::{Component, Path, PathBuf};

use super::{DataFile, Dataset, data_file, load};
use crate::data::catalog;
use crate::error::{CatalogError, Error, Result, RunError};
use crate::run::config::Config;
use crate::run::directory::RunInfo;
use crate::run::fit::unchanged;

/// Folders of a run in which its data is looked for: its own, that of runs, and the one above.
const NEAR: usize = 3;

/// What is known of where the data of a run may lie.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Search<'a> {
    pub(crate) info: &'a RunInfo,
    /// The run's directory; none of one that was fitted in memory.
    pub(crate) run: Option<&'a Path>,
    /// Where data sets lie.
    pub(crate) data_dir: &'a Path,
}

impl Search<'_> {
    /// Folders in which relative paths may begin, the likeliest first.
    fn folders(&self) -> Vec<PathBuf> {
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        let here = std::path::absolute(".").unwrap_or_default();
        let run = self.run.map(|run| run.canonicalize().unwrap_or_else(|_| absolute(run)));
        let begun = run.as_deref().zip(self.info.folder.as_deref()).map(|(run, way)| plain(&run.join(way)));
        let near = run.iter().flat_map(|run| run.ancestors().take(NEAR)).map(Path::to_path_buf);
        distinct([here].into_iter().chain(begun).chain(near).chain([absolute(self.data_dir)]))
    }

    /// Places where a file or folder of that name may lie: as it is written, then under its bare name.
    fn places(&self, name: &Path) -> Vec<PathBuf> {
        let folders = self.folders();
        let bare = name.file_name().map(Path::new);
        let whole = folders.iter().map(|folder| folder.join(name));
        distinct(
            whole.chain(bare.iter().flat_map(|bare| folders.iter().map(move |folder| folder.join(bare)))),
        )
    }

    /// Where there is something of that name, if anywhere.
    pub(crate) fn place(&self, name: &Path) -> Option<PathBuf> {
        self.places(name).into_iter().find(|place| place.exists())
    }

    /// Folders in which known data sets may lie: the given one, then where the run's files were when it was fitted.
    fn data_dirs(&self) -> Vec<PathBuf> {
        let before =
            self.info.data.first().into_iter().flat_map(|file| file.path.ancestors().skip(2).take(2));
        let folders = self.folders();
        let begun = before.flat_map(|dir| folders.iter().map(move |folder| folder.join(dir)));
        distinct([self.data_dir.to_path_buf()].into_iter().chain(begun))
    }

    /// Whether a file is the one that the run was fitted to, where it is known to be one file; before it is read, which could fail for
    /// reasons of its own.
    fn is_same(&self, place: &Path) -> Result<()> {
        let ([before], Ok(now)) = (self.info.data.as_slice(), data_file(place)) else { return Ok(()) };
        if before.sha256 == now.sha256 {
            return Ok(());
        }
        let (expected, found) = (before.sha256.clone(), now.sha256);
        Err(RunError::DataChanged { expected, found, path: now.path }.into())
    }

    /// The data that a run of this configuration was fitted to, parted as it was.
    ///
    /// # Errors
    /// Data that is in none of the places, or that has changed since.
    pub(crate) fn load(&self, config: &Config) -> Result<Dataset> {
        let mut config = config.clone();
        let once = |data: Option<&Path>, data_dir: &Path, config: &Config| {
            data.map_or(Ok(()), |place| self.is_same(place))?;
            let own = load(&mut config.clone(), data, data_dir)?;
            unchanged(&self.info.data, &own).map(|()| own)
        };
        let is_made = config.data.mixture.is_some() || config.data.order_flow.is_some();
        let name = config.data.table.as_ref().or(config.data.images.source.as_ref()).cloned();
        let Some(name) = name.filter(|_| !is_made) else {
            return once(None, self.data_dir, &config);
        };
        if let Some(second) = &mut config.data.images.second
            && catalog::find(second).is_err()
            && let Some(place) = self.place(Path::new(second))
        {
            *second = place.to_string_lossy().into_owned();
        }
        let mut wrong = None;
        if catalog::find(&name).is_ok() {
            for data_dir in self.data_dirs() {
                match once(None, &data_dir, &config) {
                    Err(Error::Catalog(CatalogError::NotThere { .. })) => {}
                    Err(error) => drop(wrong.get_or_insert(error)),
                    own => return own,
                }
            }
        }
        // Another file of the same name is passed over: the digest tells.
        for place in self.places(Path::new(&name)).iter().filter(|place| place.exists()) {
            match once(Some(place), self.data_dir, &config) {
                Err(error) => drop(wrong.get_or_insert(error)),
                own => return own,
            }
        }
        let looked = if catalog::find(&name).is_ok() { self.data_dirs() } else { self.folders() };
        Err(wrong.unwrap_or_else(|| RunError::DataGone { name, looked }.into()))
    }
}

/// The way from a run's directory to the folder in which it is being fitted, where relative paths begin; none where no path is
/// relative.
pub(crate) fn way_back(run: &Path, files: &[DataFile]) -> Option<PathBuf> {
    if files.iter().all(|file| file.path.is_absolute()) {
        return None;
    }
    let (run, here) = (run.canonicalize().ok()?, Path::new(".").canonicalize().ok()?);
    let alike = run.components().zip(here.components()).take_while(|(a, b)| a == b).count();
    let up = run.components().skip(alike).map(|_| Component::ParentDir);
    // Nothing leads from one drive to another.
    (alike > 0).then(|| up.chain(here.components().skip(alike)).collect())
}

/// The path without steps up; the part before them has no links.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    plain
}

/// Each path once, where it is first.
fn distinct(paths: impl Iterator<Item = PathBuf>) -> Vec<PathBuf> {
    let mut seen = Vec::new();
    for path in paths {
        if !seen.contains(&path) {
            seen.push(path);
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(data: Vec<DataFile>) -> RunInfo {
        RunInfo::new(0, 1, data, [0; 3])
    }

    fn written(path: &Path, text: &str) -> DataFile {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        data_file(path).unwrap()
    }

    fn config(table: &str) -> Config {
        let mut config = Config::default_for_tables();
        config.data.table = Some(table.to_owned());
        config
    }

    const ROWS: &str = "a,b\n1,2\n3,4\n5,6\n7,8\n9,1\n2,3\n4,5\n6,7\n8,9\n1,3\n";

    #[test]
    fn data_is_found_where_the_run_was_fitted_beside_it_or_where_it_is_said_to_be() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let run = root.join("project/runs/a");
        std::fs::create_dir_all(&run).unwrap();
        let digest = written(&root.join("first.csv"), ROWS).sha256;
        let mut about = info(vec![DataFile { path: "in/t.csv".into(), sha256: digest }]);
        let nowhere = root.join("nowhere");
        let at = |info: &RunInfo, data_dir: &Path| {
            Search { info, run: Some(&run), data_dir }
                .load(&config("in/t.csv"))
                .map(|own| own.files[0].path.clone())
        };
        let gone = at(&about, &nowhere).unwrap_err();
        let Error::Run(error @ RunError::DataGone { name, looked }) = &gone else { panic!("{gone}") };
        assert_eq!(name, "in/t.csv");
        for folder in [&run, &root.join("project/runs"), &root.join("project"), &nowhere] {
            assert!(looked.contains(folder), "{looked:?}");
        }
        assert!(error.to_string().contains("in/t.csv") && error.hint().unwrap().contains("--data-dir"));
        // Another file of that name is nearer, and is none of its data.
        written(&run.join("t.csv"), "a,b\n1,2\n");
        assert!(matches!(at(&about, &nowhere), Err(Error::Run(RunError::DataChanged { .. }))));
        written(&root.join("set/t.csv"), ROWS);
        assert_eq!(at(&about, &root.join("set")).unwrap(), root.join("set/t.csv"));
        written(&root.join("project/in/t.csv"), ROWS);
        assert_eq!(at(&about, &nowhere).unwrap(), root.join("project/in/t.csv"));
        // Where it was fitted comes first.
        written(&root.join("work/in/t.csv"), ROWS);
        about.folder = Some("../../../work".into());
        assert_eq!(at(&about, &nowhere).unwrap(), root.join("work/in/t.csv"));
    }

    #[test]
    fn the_way_back_leads_from_the_run_to_here_unless_all_paths_are_absolute() {
        let dir = tempfile::tempdir().unwrap();
        let file = |path: &str| DataFile { path: path.into(), sha256: String::new() };
        let way = way_back(dir.path(), &[file("t.csv")]).unwrap();
        let here = Path::new(".").canonicalize().unwrap();
        assert_eq!(plain(&dir.path().canonicalize().unwrap().join(&way)), here);
        assert!(way.is_relative());
        assert_eq!(way_back(dir.path(), &[file("/t.csv")]), None);
        assert_eq!(way_back(dir.path(), &[]), None);
        assert_eq!(way_back(Path::new("."), &[file("t.csv")]), Some(PathBuf::new()));
    }
}
