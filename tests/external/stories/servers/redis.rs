//! A Redis server of our own, with the settings that keep logins.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::{Ipv4Addr, TcpListener},
    os::unix::fs::{PermissionsExt, chown},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
};

use redis::{Client, FromRedisValue, aio::MultiplexedConnection};
use tempfile::TempDir;

/// The user that servers run as when the tests are run by root: "nobody".
const UNPRIVILEGED: u32 = 65534;

const PASSWORD: &str = "made-up-password";

/// What a server needs to keep what it acknowledges, and what the stories read.
const SETTINGS: [(&str, &str); 9] = [
    ("bind", "127.0.0.1"),
    ("save", "\"\""),
    ("appendonly", "yes"),
    ("appendfsync", "always"),
    ("maxmemory-policy", "noeviction"),
    ("requirepass", PASSWORD),
    ("slowlog-log-slower-than", "0"),
    ("slowlog-max-len", "100000"),
    ("loglevel", "notice"),
];

/// A server on a free loopback port, with its data in a temporary folder; killed when dropped.
pub(crate) struct RedisServer {
    folder: TempDir,
    port: u16,
    settings: Vec<(String, String)>,
    process: Option<Child>,
    log: Arc<Mutex<String>>,
}

impl RedisServer {
    /// Starts a server that keeps what it acknowledges.
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    /// Starts a server with further settings, which outdo the usual ones.
    pub(crate) fn with(settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let mut server = Self {
            folder,
            port: 0,
            settings: settings
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            process: None,
            log: Arc::default(),
        };
        // Between the choice of a port and its use, somebody else may take it.
        for _ in 0..5 {
            server.port = free_port();
            if server.launch() {
                return server;
            }
        }
        panic!("redis-server does not start:\n{}", server.log());
    }

    /// Starts it again after a kill, with the same data on the same port.
    pub(crate) fn restart(&mut self) {
        self.kill();
        assert!(self.launch(), "redis-server did not come back");
    }

    /// Ends its process without a word. What it handed to the operating system stays, as after no loss of power.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().expect("a server of ours can be killed");
            process.wait().expect("a server of ours can be waited for");
        }
    }

    /// Changes a setting for the next start.
    pub(crate) fn change(&mut self, name: &str, value: &str) {
        self.settings.push((name.to_owned(), value.to_owned()));
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://:{PASSWORD}@127.0.0.1:{}/0", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The folder in which the server keeps its data.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What the server printed.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// A connection of the tests themselves.
    pub(crate) async fn admin(&self) -> MultiplexedConnection {
        let client = Client::open(self.url()).unwrap();
        client.get_multiplexed_async_connection().await.unwrap()
    }

    /// Runs one command on a connection of its own.
    pub(crate) async fn run<T: FromRedisValue>(&self, command: &str) -> T {
        let mut words = command.split(' ');
        let mut call = redis::cmd(words.next().unwrap());
        for word in words {
            call.arg(word);
        }
        call.query_async(&mut self.admin().await).await.unwrap()
    }

    /// Gives a folder and what is in it to the user of the server.
    pub(crate) fn give(folder: &Path) {
        if rustix::process::geteuid().is_root() {
            let files = fs::read_dir(folder).unwrap();
            let files = files.map(|file| file.unwrap().path());
            for path in files.chain([folder.to_owned()]) {
                chown(path, Some(UNPRIVILEGED), Some(UNPRIVILEGED)).unwrap();
            }
        }
    }

    fn launch(&mut self) -> bool {
        let folder = self.folder.path();
        let mut text = format!("port {}\ndir {}\n", self.port, folder.display());
        let usual = SETTINGS.iter().map(|(name, value)| (*name, *value));
        let own = self
            .settings
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in usual.chain(own) {
            text.push_str(&format!("{name} {value}\n"));
        }
        let settings = folder.join("redis.conf");
        fs::write(&settings, text).expect("the settings can be written");
        fs::set_permissions(&settings, fs::Permissions::from_mode(0o600)).unwrap();
        // Whatever becomes of the tests, the kernel ends their server.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]);
        if rustix::process::geteuid().is_root() {
            Self::give(folder);
            let user = UNPRIVILEGED.to_string();
            command.args(["--reuid", &user, "--regid", &user, "--clear-groups"]);
        }
        command.arg("redis-server").arg(&settings);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        command.stderr(Stdio::null()).current_dir(folder);
        let mut process = command
            .spawn()
            .expect("setpriv starts; it comes with: apt-get install util-linux");
        let output = process.stdout.take().expect("the output is piped");
        let ready = self.follow(BufReader::new(output));
        self.process = Some(process);
        if !ready {
            let code = self
                .process
                .take()
                .and_then(|mut process| process.wait().ok());
            let missing = code.and_then(|status| status.code()) == Some(127);
            assert!(
                !missing,
                "redis-server is missing; it comes with: apt-get install redis-server"
            );
        }
        ready
    }

    /// Reads until the server is ready, and leaves the rest to a thread; `false` where it ended before.
    fn follow(&self, mut output: impl BufRead + Send + 'static) -> bool {
        let log = Arc::clone(&self.log);
        let mut line = String::new();
        loop {
            line.clear();
            if output.read_line(&mut line).unwrap_or(0) == 0 {
                return false;
            }
            log.lock().unwrap().push_str(&line);
            if line.contains("Ready to accept connections") {
                break;
            }
        }
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                log.lock().unwrap().push_str(&(line + "\n"));
            }
        });
        true
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    listener.local_addr().expect("it has an address").port()
}
