//! A PostgreSQL server of our own: all its safety on, and a log of everything that is done to it.

mod pooler;

use std::{
    fs,
    io::Write,
    net::{Ipv4Addr, TcpListener},
    os::unix::{
        fs::{MetadataExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

pub(crate) use self::pooler::Pooler;

/// The user that servers run as when the tests are run by root: "nobody".
const UNPRIVILEGED: u32 = 65534;

/// What a server needs to keep what it acknowledges, and what the stories read.
const SETTINGS: &str = "
listen_addresses = '127.0.0.1'
fsync = on
synchronous_commit = on
max_connections = 200
log_statement = all
log_min_duration_statement = 0
log_parameter_max_length = -1
log_parameter_max_length_on_error = -1
log_connections = on
";

/// Takes the server down and the folder away when the pipe to it closes, which no death of the test can prevent.
const WARDEN: &str =
    r#"cat >/dev/null; "$1/pg_ctl" -D "$2/data" -m immediate -w stop >/dev/null 2>&1; rm -rf "$2""#;

/// A server with its data in a temporary folder, on a free loopback port; gone when dropped.
pub(crate) struct PostgresServer {
    folder: Folder,
    port: u16,
}

impl PostgresServer {
    /// Returns the server that stories share which leave it as it is. Each takes a [`database`](Self::database).
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<PostgresServer> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// Starts a server for one story.
    pub(crate) fn start() -> Self {
        let mut server = Self {
            folder: Folder::new(),
            port: 0,
        };
        let copied = unprivileged("cp")
            .arg("-a")
            .arg(fresh().path.join("data"))
            .arg(server.data())
            .status();
        assert!(copied.expect("files can be copied").success());
        server.settings(SETTINGS);
        // Between the choice of a port and its use, somebody else may take it.
        for _ in 0..5 {
            server.port = free_port();
            let options = format!("-p {} -k {}", server.port, server.folder.path.display());
            if server.control(&["-o", &options, "-w", "start"]) {
                return server;
            }
        }
        panic!("PostgreSQL does not start:\n{}", server.log());
    }

    /// Adds settings, which count from the next start.
    pub(crate) fn settings(&self, settings: &str) {
        self.append("postgresql.conf", settings);
    }

    /// Puts a line before all others that say who may connect and how.
    pub(crate) fn admit(&self, line: &str) {
        let path = self.data().join("pg_hba.conf");
        let rest = fs::read_to_string(&path).expect("the file is there");
        fs::write(&path, format!("{line}\n{rest}")).expect("the file can be written");
        assert!(self.control(&["reload"]));
    }

    /// Makes the server a standby that waits for a primary, from the next start.
    pub(crate) fn becomes_standby(&self) {
        self.append("standby.signal", "");
    }

    /// Makes it a primary again, from the next start.
    pub(crate) fn becomes_primary(&self) {
        fs::remove_file(self.data().join("standby.signal")).expect("it was a standby");
    }

    /// Stops it in the way that is called `mode` ("fast", "immediate").
    pub(crate) fn stop(&self, mode: &str) {
        assert!(self.control(&["-m", mode, "-w", "stop"]), "{}", self.log());
    }

    /// Starts it again, on the same port.
    pub(crate) fn resume(&self) {
        let options = format!("-p {} -k {}", self.port, self.folder.path.display());
        let started = self.control(&["-o", &options, "-w", "start"]);
        assert!(started, "{}", self.log());
    }

    pub(crate) fn restart(&self, mode: &str) {
        self.stop(mode);
        self.resume();
    }

    /// Returns everything that the server logged.
    pub(crate) fn log(&self) -> String {
        let log = fs::read(self.folder.path.join("log")).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path.join("data")
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Returns the address of a database.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// Makes an empty database and returns its name.
    pub(crate) async fn database(&self) -> String {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("story_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let made = format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'");
        self.run("postgres", &made).await;
        name
    }

    /// Runs statements as the owner of everything.
    pub(crate) async fn run(&self, database: &str, sql: &str) {
        let mut session = self.session(database).await;
        let done = session.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await;
        done.unwrap_or_else(|error| panic!("{sql}: {error}"));
        session.close().await.expect("a session can be closed");
    }

    /// Returns the first column of the first row.
    pub(crate) async fn ask(&self, database: &str, sql: &str) -> i64 {
        let mut session = self.session(database).await;
        let number = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut session);
        let number = number
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
        session.close().await.expect("a session can be closed");
        number
    }

    pub(crate) async fn session(&self, database: &str) -> PgConnection {
        let session = PgConnection::connect(&self.url(database)).await;
        session.unwrap_or_else(|error| panic!("no session: {error}\n{}", self.log()))
    }

    fn append(&self, name: &str, text: &str) {
        let mut file = fs::File::options();
        let file = file.append(true).create(true).open(self.data().join(name));
        let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
        written.expect("the file can be written");
        give_away(&self.data().join(name));
    }

    fn control(&self, command: &[&str]) -> bool {
        let mut control = unprivileged(programs().join("pg_ctl"));
        control
            .arg("-D")
            .arg(self.data())
            .arg("-l")
            .arg(self.folder.path.join("log"));
        let done = control
            .args(command)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        done.expect("pg_ctl is there").success()
    }
}

/// A temporary folder that does not outlive this process, whatever becomes of it.
struct Folder {
    path: PathBuf,
    warden: Child,
}

impl Folder {
    fn new() -> Self {
        let path = tempfile::Builder::new().prefix("postgres-").tempdir();
        let path = path.expect("a temporary folder can be made").keep();
        give_away(&path);
        let mut warden = unprivileged("sh");
        warden.args(["-c", WARDEN, "sh"]).args([&programs(), &path]);
        // Who stops the test by a signal to its group must not stop the warden with it.
        let warden = warden
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn();
        Self {
            warden: warden.expect("a shell can be started"),
            path,
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(self.warden.stdin.take());
        let _ = self.warden.wait();
    }
}

/// Returns a folder with data that no server has touched: made once, because that takes long.
fn fresh() -> &'static Folder {
    static FRESH: OnceLock<Folder> = OnceLock::new();
    FRESH.get_or_init(|| {
        let folder = Folder::new();
        let made = unprivileged(programs().join("initdb"))
            .args([
                "-U",
                "postgres",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C",
                "-N",
                "-D",
            ])
            .arg(folder.path.join("data"))
            .output()
            .expect("initdb is there");
        let said = String::from_utf8_lossy(&made.stderr).into_owned();
        assert!(made.status.success(), "initdb failed: {said}");
        folder
    })
}

/// Returns the folder with the programs of the newest version that is installed.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let number = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions
        .map(|entry| entry.path())
        .filter(|path| path.join("bin/initdb").exists())
        .max_by_key(|path| number(path));
    newest
        .expect("PostgreSQL is not installed: apt-get install postgresql")
        .join("bin")
}

/// Returns a command that does not run as root, because the server refuses to.
fn unprivileged(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    if is_root() {
        command.uid(UNPRIVILEGED).gid(UNPRIVILEGED);
    }
    command.current_dir("/");
    command
}

fn give_away(path: &Path) {
    if is_root() {
        chown(path, Some(UNPRIVILEGED), Some(UNPRIVILEGED)).expect("root may give files away");
    }
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

fn free_port() -> u16 {
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let address = socket.and_then(|socket| socket.local_addr());
    address.expect("there is a free port").port()
}
