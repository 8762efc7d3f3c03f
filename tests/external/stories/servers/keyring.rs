//! A GNOME keyring of our own, on a D-Bus session of its own.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    os::unix::fs::{MetadataExt, chown},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

/// The user that servers run as when the tests are run by root: "nobody".
const UNPRIVILEGED: u32 = 65534;

/// Where programs are looked for.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

const PASSWORD: &str = "made-up-password";

const SERVICE: &str = "/org/freedesktop/secrets";
const LOGIN: &str = "/org/freedesktop/secrets/collection/login";

/// A session bus and, on it, a keyring that is unlocked. Both end when this is dropped.
pub(crate) struct Keyring {
    folder: TempDir,
    bus: Child,
    daemon: Option<Child>,
}

impl Keyring {
    /// Starts a bus with a keyring.
    pub(crate) fn start() -> Self {
        Self::with("")
    }

    /// Starts a bus with a keyring; `policy` is added to the rules of the bus.
    pub(crate) fn with(policy: &str) -> Self {
        let mut keyring = Self::bus(policy);
        keyring.resume();
        keyring
    }

    /// Starts a bus without a keyring; `policy` is added to its rules.
    pub(crate) fn bus(policy: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("keyring-").tempdir();
        let folder = folder.expect("a temporary folder can be made");
        let socket = folder.path().join("bus");
        let settings = folder.path().join("bus.conf");
        fs::write(&settings, rules(&socket, policy)).expect("a file can be written");
        give_away(&settings);
        give_away(folder.path());
        let mut bus = unprivileged("dbus-daemon", "dbus", folder.path());
        bus.arg("--config-file")
            .arg(settings)
            .args(["--nofork", "--nopidfile", "--print-address"])
            .stdout(Stdio::piped());
        let mut keyring = Self {
            folder,
            bus: started(&mut bus),
            daemon: None,
        };
        let said = keyring.bus.stdout.take().expect("the output is ours");
        // It tells its address once it listens.
        let mut address = String::new();
        BufReader::new(said)
            .read_line(&mut address)
            .expect("the bus says something");
        assert!(address.starts_with("unix:"), "the bus does not start");
        keyring
    }

    /// Starts the keyring, unlocked, with what it had before.
    pub(crate) fn resume(&mut self) {
        let program = "gnome-keyring-daemon";
        let mut daemon = unprivileged(program, "gnome-keyring", self.folder.path());
        daemon.args(["--foreground", "--components=secrets", "--unlock"]);
        daemon
            .env("DBUS_SESSION_BUS_ADDRESS", self.address())
            .stdin(Stdio::piped());
        let daemon = self.daemon.insert(started(&mut daemon));
        let mut password = daemon.stdin.take().expect("the input is ours");
        password
            .write_all(PASSWORD.as_bytes())
            .expect("the daemon reads its password");
        drop(password);
        let ask = ["org.freedesktop.Secret.Service.ReadAlias", "string:default"];
        eventually("the keyring is unlocked", || {
            self.ask(SERVICE, &ask).contains(LOGIN)
        });
    }

    /// Ends the keyring; the bus stays.
    pub(crate) fn stop(&mut self) {
        if let Some(daemon) = &mut self.daemon {
            end(daemon);
        }
        self.daemon = None;
    }

    /// Locks the keyring. Nobody is there who could be asked to unlock it.
    pub(crate) fn lock(&self) {
        let login = format!("array:objpath:{LOGIN}");
        self.ask(SERVICE, &["org.freedesktop.Secret.Service.Lock", &login]);
        let locked = [
            "org.freedesktop.DBus.Properties.Get",
            "string:org.freedesktop.Secret.Collection",
            "string:Locked",
        ];
        assert!(self.ask(LOGIN, &locked).contains("boolean true"));
    }

    /// Returns all that the keyring tells about its entries to whoever asks: labels, attributes, times.
    pub(crate) fn told(&self) -> String {
        let property = |interface: &str| format!("string:org.freedesktop.Secret.{interface}");
        let get = "org.freedesktop.DBus.Properties.Get";
        let items = self.ask(LOGIN, &[get, &property("Collection"), "string:Items"]);
        let paths = items.split('"').filter(|text| text.starts_with(LOGIN));
        let all = "org.freedesktop.DBus.Properties.GetAll";
        paths
            .map(|path| self.ask(path, &[all, &property("Item")]))
            .collect()
    }

    /// Returns the bytes of all files of the keyring.
    pub(crate) fn files(&self) -> Vec<u8> {
        let folder = fs::read_dir(self.folder.path().join("data/keyrings"));
        let paths = folder
            .expect("there are keyrings")
            .flatten()
            .map(|entry| entry.path());
        paths
            .flat_map(|path| fs::read(path).expect("it can be read"))
            .collect()
    }

    /// Returns what stands in `DBUS_SESSION_BUS_ADDRESS` for who is to find this keyring.
    pub(crate) fn address(&self) -> String {
        format!("unix:path={}", self.folder.path().join("bus").display())
    }

    fn ask(&self, path: &str, message: &[&str]) -> String {
        let asked = Command::new("dbus-send")
            .args([
                "--session",
                "--print-reply",
                "--dest=org.freedesktop.secrets",
                path,
            ])
            .args(message)
            .env("DBUS_SESSION_BUS_ADDRESS", self.address())
            .output()
            .expect("dbus-send is missing: apt-get install dbus");
        String::from_utf8_lossy(&asked.stdout).into_owned()
    }
}

impl Drop for Keyring {
    fn drop(&mut self) {
        self.stop();
        end(&mut self.bus);
    }
}

fn end(process: &mut Child) {
    // It may have ended by itself.
    let _ = process.kill();
    let _ = process.wait();
}

/// Root is let in too: the stories run as root then, and the keyring does not.
fn rules(socket: &Path, policy: &str) -> String {
    format!(
        r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
    <allow own="*"/>
    {policy}
  </policy>
</busconfig>
"#,
        socket.display()
    )
}

/// Returns a command that does not run as root, with all its files in `home`. Whatever becomes of the tests, the kernel
/// ends it: also where its file has capabilities, with which it would be left alone.
fn unprivileged(program: &str, package: &str, home: &Path) -> Command {
    let installed = PATH
        .split(':')
        .any(|folder| Path::new(folder).join(program).exists());
    assert!(installed, "{program} is missing: apt-get install {package}");
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--no-new-privs"]);
    if is_root() {
        let user = UNPRIVILEGED.to_string();
        command.args(["--reuid", &user, "--regid", &user, "--clear-groups"]);
    }
    command.arg(program);
    let folders = ["CACHE_HOME", "CONFIG_HOME", "RUNTIME_DIR"].map(|name| format!("XDG_{name}"));
    command
        .env_clear()
        .env("PATH", PATH)
        .env("HOME", home)
        .envs(folders.map(|name| (name, PathBuf::from(home))))
        .env("XDG_DATA_HOME", home.join("data"))
        .current_dir(home)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

fn started(command: &mut Command) -> Child {
    let process = command.spawn();
    process.expect("setpriv is missing: apt-get install util-linux")
}

fn give_away(path: &Path) {
    if is_root() {
        chown(path, Some(UNPRIVILEGED), Some(UNPRIVILEGED)).expect("root may give files away");
    }
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let limit = Instant::now() + Duration::from_secs(60);
    while !condition() {
        assert!(Instant::now() < limit, "not after a minute: {what}");
        thread::yield_now();
    }
}
