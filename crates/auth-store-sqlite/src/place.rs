//! The database file and the two beside it: made private, and known again later.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use auth_core::{Error, ErrorKind};

/// What SQLite appends to the name of the database for its write-ahead log and the index of that.
const LOG: &str = "-wal";
const INDEX: &str = "-shm";
/// The rollback journal, of which something is left where a process died while it turned the log on.
const JOURNAL: &str = "-journal";

/// A database file that was there, private and ours, when the store was opened.
#[derive(Debug)]
pub(crate) struct Place {
    path: PathBuf,
    database: Identity,
}

/// Which file is under each of the three names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Files([Option<Identity>; 3]);

/// Which file it is, whatever it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity {
    device: u64,
    number: u64,
}

impl Place {
    /// Finds the database file at `path`, or makes an empty one that nobody else can open.
    pub(crate) fn prepare(path: &Path) -> Result<Self, Error> {
        let path = resolve(path)?;
        if identity(&path)?.is_none() {
            create(&path)?;
        }
        for suffix in [LOG, INDEX, JOURNAL] {
            identity(&beside(&path, suffix))?;
        }
        let database = identity(&path)?.ok_or_else(|| replaced(ErrorKind::Unavailable))?;
        Ok(Self { path, database })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the name of the folder for the locks.
    pub(crate) fn locks(&self) -> PathBuf {
        beside(&self.path, "-locks")
    }

    /// Looks which files are there now, while a connection keeps SQLite from taking any of them away.
    pub(crate) fn files(&self) -> Result<Files, Error> {
        let files = Files([
            identity(&self.path)?,
            identity(&beside(&self.path, LOG))?,
            identity(&beside(&self.path, INDEX))?,
        ]);
        if files.0[0] == Some(self.database) && files.0.iter().all(Option::is_some) {
            Ok(files)
        } else {
            // One that was moved away may come back; another one in its place is somebody else's.
            let away = files.0.iter().any(Option::is_none);
            Err(replaced(if away {
                ErrorKind::Unavailable
            } else {
                ErrorKind::Configuration
            }))
        }
    }
}

/// Returns the error for files that are no longer those that are open.
pub(crate) fn replaced(kind: ErrorKind) -> Error {
    Error::new(
        kind,
        "the database was deleted, moved or replaced while it was open; put it back or restart whoever uses it",
    )
    .with_code("database_replaced")
}

/// Returns the path from the root, so that it names the same file wherever the process goes.
fn resolve(path: &Path) -> Result<PathBuf, Error> {
    let refuse = |message| Error::new(ErrorKind::Configuration, message);
    let name = path
        .file_name()
        .ok_or_else(|| refuse("the path of the database names no file"))?;
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let folder = folder.canonicalize().map_err(|error| {
        told(
            error.kind(),
            "the folder of the database cannot be opened; create it",
        )
    })?;
    let path = folder.join(name);
    match path.to_str() {
        Some(_) => Ok(path),
        None => Err(refuse("SQLite takes only paths in UTF-8")),
    }
}

/// Makes an empty file, which is an empty database, under another name first.
///
/// SQLite would give it the mode that the umask leaves. And it has to be closed before anybody finds it: closing a file
/// takes away all POSIX locks that the process has on it, those of SQLite included.
fn create(path: &Path) -> Result<(), Error> {
    let message = "the database file cannot be created; let this user write to its folder";
    let failed = |error: io::Error| told(error.kind(), message);
    let folder = path.parent().unwrap_or(path);
    let file = tempfile::Builder::new()
        .prefix(".auth-store-")
        .tempfile_in(folder)
        .map_err(failed)?;
    make_private(file.as_file()).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    match file.into_temp_path().persist_noclobber(path) {
        Ok(()) => sync_folder(folder).map_err(failed),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(failed(error.error)),
    }
}

/// Returns which file is at `path`, if one is there that is ours alone.
fn identity(path: &Path) -> Result<Option<Identity>, Error> {
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(told(error.kind(), "the database cannot be looked at")),
    };
    let problem = if !found.is_file() {
        "is a link or no file; move it away"
    } else if found.uid() != rustix::process::geteuid().as_raw() {
        "belongs to another user; run as that user, or change its owner"
    } else if found.mode() & 0o077 != 0 {
        "is open to other users; close it with `chmod 0600` and replace its logins"
    } else {
        return Ok(Some(Identity {
            device: found.dev(),
            number: found.ino(),
        }));
    };
    let message = format!("{path:?} {problem}");
    Err(Error::new(ErrorKind::Configuration, message))
}

fn make_private(file: &fs::File) -> io::Result<()> {
    file.set_permissions(fs::Permissions::from_mode(0o600))
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    fs::File::open(folder)?.sync_all()
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Puts an error of the file system into our words. Its kind is kept, its text may name paths.
fn told(kind: io::ErrorKind, message: &'static str) -> Error {
    use io::ErrorKind::{
        Interrupted, OutOfMemory, QuotaExceeded, ReadOnlyFilesystem, StorageFull, TimedOut,
    };

    let whose = match kind {
        StorageFull | QuotaExceeded | ReadOnlyFilesystem | Interrupted | TimedOut | OutOfMemory => {
            ErrorKind::Unavailable
        }
        _ => ErrorKind::Configuration,
    };
    Error::new(whose, message).with_source(io::Error::from(kind))
}
