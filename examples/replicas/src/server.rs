//! Private servers: their data and their sockets are in a temporary folder, and they end with this program.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    os::unix::fs::chown,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
};

use auth_tower::BoxError;
use rustix::process::{Pid, Signal, geteuid, kill_process};
use tempfile::TempDir;

/// The user that servers run as when this program is run by root: "nobody".
const UNPRIVILEGED: u32 = 65534;

/// A running server.
pub(crate) struct Server {
    url: String,
    process: Child,
    _folder: TempDir,
}

impl Server {
    /// Starts a PostgreSQL server.
    pub(crate) fn postgres() -> Result<Self, BoxError> {
        let folder = private_folder()?;
        let programs = postgres_programs()?;
        let data = folder.path().join("data");
        let mut initdb = unprivileged(&programs.join("initdb"));
        let made = initdb.args(["-U", "postgres", "-A", "trust", "-N", "-D"]);
        let made = made.arg(&data).output()?;
        if !made.status.success() {
            return Err(format!("initdb: {}", String::from_utf8_lossy(&made.stderr)).into());
        }
        let mut server = unprivileged(&programs.join("postgres"));
        server.arg("-D").arg(&data).arg("-k").arg(folder.path());
        server.args(["-c", "listen_addresses="]);
        let mut process = server.stderr(Stdio::piped()).spawn()?;
        let ready = until_ready(process.stderr.take());
        let url = format!(
            "postgres://postgres@localhost/postgres?host={}",
            folder.path().display()
        );
        let server = Self {
            url,
            process,
            _folder: folder,
        };
        ready.map(|()| server)
    }

    /// Starts a Redis server that keeps what it acknowledges.
    pub(crate) fn redis() -> Result<Self, BoxError> {
        let folder = private_folder()?;
        let socket = folder.path().join("redis.sock");
        let mut server = unprivileged(Path::new("redis-server"));
        server.args(["--port", "0", "--save", "", "--unixsocketperm", "700"]);
        server.args(["--appendonly", "yes", "--appendfsync", "always"]);
        server.arg("--dir").arg(folder.path());
        server.arg("--unixsocket").arg(&socket);
        let mut process = server.stdout(Stdio::piped()).spawn()?;
        let ready = until_ready(process.stdout.take());
        let server = Self {
            url: format!("redis+unix://{}", socket.display()),
            process,
            _folder: folder,
        };
        ready.map(|()| server)
    }

    /// Returns the address, for a store.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // PostgreSQL ends at once with all its processes; Redis ends too.
        let _ = kill_process(Pid::from_child(&self.process), Signal::QUIT);
        let _ = self.process.wait();
    }
}

fn private_folder() -> Result<TempDir, BoxError> {
    let folder = tempfile::Builder::new().prefix("replicas-").tempdir()?;
    if geteuid().is_root() {
        chown(folder.path(), Some(UNPRIVILEGED), Some(UNPRIVILEGED))?;
    }
    Ok(folder)
}

/// Returns a command that ends with this program and does not run as root: PostgreSQL refuses to.
fn unprivileged(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "QUIT"]);
    if geteuid().is_root() {
        let user = UNPRIVILEGED.to_string();
        command.args(["--reuid", &user, "--regid", &user, "--clear-groups"]);
    }
    command.arg(program).current_dir("/").stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Reads what a server says until it is ready, and leaves the rest to a thread.
fn until_ready(output: Option<impl Read + Send + 'static>) -> Result<(), BoxError> {
    let mut lines = output.map(|output| BufReader::new(output).lines());
    let mut lines = lines.take().ok_or("the server says nothing")?;
    let mut said = String::new();
    for line in lines.by_ref() {
        let line = line?;
        if line.to_lowercase().contains("ready to accept connections") {
            thread::spawn(move || lines.for_each(drop));
            return Ok(());
        }
        said.push_str(&line);
    }
    Err(format!("a server does not start; apt-get install postgresql redis-server: {said}").into())
}

/// Returns the folder with the programs of the newest PostgreSQL that is installed.
fn postgres_programs() -> Result<PathBuf, BoxError> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let folders = versions.flatten().map(|version| version.path().join("bin"));
    let newest = folders.filter(|bin| bin.join("initdb").exists()).max();
    newest.ok_or_else(|| "PostgreSQL is missing: apt-get install postgresql".into())
}
