//! A folder that nobody else can look into.

mod refusal;

use std::{
    fs::File,
    io,
    os::{fd::OwnedFd, unix::fs::MetadataExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use auth_core::{Error, ErrorKind, StoreKey};
use rustix::{
    fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags},
    io::Errno,
};
use sha2::{Digest, Sha256};

use self::refusal::{check, refusal};

/// What everything is opened with: a planted link is not followed, a planted pipe does not hold us up, and a program
/// that is started does not get the file.
const CAREFUL: OFlags = OFlags::NOFOLLOW
    .union(OFlags::NONBLOCK)
    .union(OFlags::CLOEXEC);

/// A folder that only this user can use (mode 0700), held open. Cheap to clone.
///
/// Its files are found through the open folder, never by a path a second time, and are refused unless they are regular
/// files of this user with mode 0600 or stricter. All calls but [`run`](Self::run) block.
///
/// # Example
///
/// ```
/// use auth_store::PrivateFolder;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let place = tempfile::tempdir()?;
/// let folder = PrivateFolder::open(place.path().join("logins"))?;
/// assert!(folder.open_file("none")?.is_none());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct PrivateFolder(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    folder: OwnedFd,
    path: PathBuf,
}

impl PrivateFolder {
    /// Opens the folder at `path`, and makes it where there is none, parents included, all with mode 0700.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] where something else is in its place, such as a link, or where the folder belongs
    /// to somebody else or others may use it; [`ErrorKind::Unavailable`] where it cannot be made now.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        // Without what may stand at the end, such as a slash, which would follow a link.
        let path = &path.as_ref().components().collect::<PathBuf>();
        let failed = |error: Errno| refusal(path, "open the folder", &error.into());
        let open = || rustix::fs::openat(CWD, path, CAREFUL | OFlags::DIRECTORY, Mode::empty());
        let folder = match open() {
            Err(Errno::NOENT) => {
                create(path).map_err(failed)?;
                open().map_err(failed)?
            }
            other => other.map_err(failed)?,
        };
        let stat = rustix::fs::fstat(&folder).map_err(failed)?;
        check(&stat, path, FileType::Directory, "0700")?;
        // Whoever made it may have died before its name was on the disk. Not everybody may read what is above it.
        let _ = sync_above(path);
        Ok(Self(Arc::new(Inner {
            folder,
            path: path.to_owned(),
        })))
    }

    /// Returns where the folder was when it was opened.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Returns the name under which the files of `key` go: its SHA-256 in hexadecimal, however long the key is.
    pub fn name_of(key: &StoreKey) -> String {
        use std::fmt::Write as _;

        let digest = Sha256::digest(key.as_str());
        digest.iter().fold(String::new(), |mut name, byte| {
            // Writing to a text cannot fail.
            let _ = write!(name, "{byte:02x}");
            name
        })
    }

    /// Runs `work` on a thread that may block. It must be called within a Tokio runtime.
    ///
    /// # Errors
    ///
    /// Those of `work`, and [`ErrorKind::Unavailable`] where the runtime ends or `work` panics.
    ///
    /// # Cancellation
    ///
    /// What is begun runs to its end, and owns what it was given until then.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let folder = self.clone();
        let done = tokio::task::spawn_blocking(move || work(&folder)).await;
        done.unwrap_or_else(|_| {
            Err(Error::new(
                ErrorKind::Unavailable,
                "the work on a file was broken off; try again",
            ))
        })
    }

    /// Opens the file `name` for reading; `None` where there is none.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] where it is no regular file, belongs to somebody else or is open to others, and as
    /// [`open`](Self::open).
    pub fn open_file(&self, name: &str) -> Result<Option<File>, Error> {
        match self.at(name, OFlags::RDONLY) {
            Err(Errno::NOENT) => Ok(None),
            opened => self.checked(name, opened).map(Some),
        }
    }

    /// Opens the file `name` for reading and writing, and makes it (mode 0600) where there is none. Nothing is
    /// truncated.
    ///
    /// # Errors
    ///
    /// As [`open_file`](Self::open_file).
    pub fn open_or_create(&self, name: &str) -> Result<File, Error> {
        self.checked(name, self.at(name, OFlags::RDWR | OFlags::CREATE))
    }

    /// Makes the file `name` (mode 0600), which must not be there.
    ///
    /// # Errors
    ///
    /// As [`open_file`](Self::open_file).
    pub fn create(&self, name: &str) -> Result<File, Error> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
        self.checked(name, self.at(name, flags))
    }

    /// Gives the file `from` the name `to`, over a file of that name.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn rename(&self, from: &str, to: &str) -> Result<(), Error> {
        let folder = &self.0.folder;
        rustix::fs::renameat(folder, from, folder, to)
            .map_err(|error| self.failure("rename a file", &error.into()))
    }

    /// Removes the file `name`, and says whether there was one.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn remove(&self, name: &str) -> Result<bool, Error> {
        match rustix::fs::unlinkat(&self.0.folder, name, AtFlags::empty()) {
            Ok(()) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(self.failure("remove a file", &error.into())),
        }
    }

    /// Waits until names that were made, changed or removed are on the disk.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn sync(&self) -> Result<(), Error> {
        rustix::fs::fsync(&self.0.folder)
            .map_err(|error| self.failure("sync the folder", &error.into()))
    }

    /// Returns the names of everything in the folder, in no order. Names that are not UTF-8 are left out.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn names(&self) -> Result<Vec<String>, Error> {
        let failed = |error: Errno| self.failure("list the folder", &error.into());
        let mut names = Vec::new();
        for entry in Dir::read_from(&self.0.folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_str().ok();
            let name = name.filter(|name| !matches!(*name, "." | ".."));
            names.extend(name.map(str::to_owned));
        }
        Ok(names)
    }

    /// Returns the error that says that `doing` failed in this folder, and what to do.
    pub fn failure(&self, doing: &str, error: &io::Error) -> Error {
        refusal(self.path(), doing, error)
    }

    /// Returns whether `file` is what is found under `name`.
    pub(super) fn is_still(&self, name: &str, file: &File) -> Result<bool, Error> {
        let failed = |error: io::Error| self.failure("look at a file", &error);
        let own = file.metadata().map_err(failed)?;
        match rustix::fs::statat(&self.0.folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(found) => Ok(found.st_dev == own.dev() && found.st_ino == own.ino()),
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(failed(error.into())),
        }
    }

    fn at(&self, name: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
        let mode = Mode::RUSR | Mode::WUSR;
        rustix::fs::openat(&self.0.folder, name, CAREFUL | flags, mode)
    }

    fn checked(&self, name: &str, opened: Result<OwnedFd, Errno>) -> Result<File, Error> {
        let path = self.path().join(name);
        let failed = |error: Errno| refusal(&path, "open the file", &error.into());
        let file = opened.map_err(failed)?;
        let stat = rustix::fs::fstat(&file).map_err(failed)?;
        check(&stat, &path, FileType::RegularFile, "0600")?;
        Ok(file.into())
    }
}

/// Makes a folder and those above it, so that they survive a loss of power.
fn create(path: &Path) -> Result<(), Errno> {
    let make = || match rustix::fs::mkdirat(CWD, path, Mode::RWXU) {
        // Somebody else was faster.
        Err(Errno::EXIST) => Ok(()),
        other => other,
    };
    match make() {
        Err(Errno::NOENT) if path != above(path) => {
            create(above(path))?;
            make()?;
        }
        other => other?,
    }
    sync_above(path)
}

fn above(path: &Path) -> &Path {
    let above = path.parent().filter(|above| !above.as_os_str().is_empty());
    above.unwrap_or(Path::new("."))
}

/// Waits until the name of a folder is on the disk.
fn sync_above(path: &Path) -> Result<(), Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::fsync(rustix::fs::openat(CWD, above(path), flags, Mode::empty())?)
}
