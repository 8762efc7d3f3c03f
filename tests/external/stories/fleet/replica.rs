//! A process of the fleet, as the story sees it: this test binary, started again for one test.

use std::process::{self, Command, Stdio};

use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    net::{
        TcpListener,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

use super::{play, soon};

/// A running process. It is killed and waited for when this is dropped.
pub(super) struct Replica {
    /// Its name, which it also gives to the token endpoint.
    pub(super) name: String,
    process: Guard,
    replies: Lines<BufReader<OwnedReadHalf>>,
    orders: OwnedWriteHalf,
    /// Whether it said that it hangs before it said that its tasks set out.
    hanging: bool,
}

/// What a process says.
#[derive(Debug)]
pub(super) enum Reply {
    /// Its tasks set out.
    Started,
    /// It stands at the step of the store that it was told to hang at.
    Hanging,
    /// One attempt to get a token, or one call, failed.
    Failed(String),
    /// All its tasks were answered, and it has a token that is not about to end, or none and said why.
    Done { refused: usize, token: String },
    /// It ends.
    Bye,
}

impl Replica {
    pub(super) async fn start(name: String, setup: &Value) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        // This very program, also where its file was replaced by a newer build meanwhile.
        let process = Command::new("/proc/self/exe")
            .arg(play::test_name())
            .args(["--exact", "--nocapture", "--test-threads=1"])
            .env(play::STORY, listener.local_addr().unwrap().to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn();
        let process = Guard(process.unwrap());
        let (stream, _) = soon(listener.accept()).await.unwrap();
        let (read, orders) = stream.into_split();
        let mut replica = Self {
            name,
            process,
            replies: BufReader::new(read).lines(),
            orders,
            hanging: false,
        };
        replica.order(&setup.to_string()).await;
        replica
    }

    /// Tells the process to do something and does not wait for it.
    pub(super) async fn order(&mut self, order: &str) {
        let line = format!("{order}\n");
        self.orders.write_all(line.as_bytes()).await.unwrap();
    }

    pub(super) async fn reply(&mut self) -> Reply {
        let line = soon(self.replies.next_line()).await.unwrap();
        let line = line.unwrap_or_else(|| panic!("{} died", self.name));
        let (word, rest) = line.split_once(' ').unwrap_or((&line, ""));
        match word {
            "started" => Reply::Started,
            "hanging" => Reply::Hanging,
            "failed" => Reply::Failed(format!("{}: {rest}", self.name)),
            "done" => {
                let (refused, token) = rest.split_once(' ').unwrap();
                Reply::Done {
                    refused: refused.parse().unwrap(),
                    token: token.to_owned(),
                }
            }
            "bye" => Reply::Bye,
            _ => panic!("{} said {line:?}", self.name),
        }
    }

    /// Waits until its tasks set out.
    pub(super) async fn started(&mut self) {
        let mut reply = self.reply().await;
        // One of the tasks may be quicker than the word that all of them are on their way.
        if matches!(reply, Reply::Hanging) {
            self.hanging = true;
            reply = self.reply().await;
        }
        assert!(matches!(reply, Reply::Started), "{reply:?}");
    }

    /// Lets the process hang at its next call of this kind, before or after it is made.
    pub(super) async fn will_hang(&mut self, place: &str) {
        self.order(&format!("hang {place}")).await;
    }

    pub(super) async fn hangs(&mut self) {
        if std::mem::take(&mut self.hanging) {
            return;
        }
        let reply = self.reply().await;
        assert!(matches!(reply, Reply::Hanging), "{reply:?}");
    }

    /// Stops the process and waits until it stands still.
    pub(super) fn stop(&self) {
        kill_process(self.pid(), Signal::STOP).unwrap();
        let stopped = waitpid(Some(self.pid()), WaitOptions::UNTRACED).unwrap();
        assert!(stopped.unwrap().1.stopped());
    }

    pub(super) fn go_on(&self) {
        kill_process(self.pid(), Signal::CONT).unwrap();
    }

    /// Lets the process end by itself, with what it has begun brought to its end.
    pub(super) async fn retires(mut self) -> Vec<Reply> {
        self.order("end").await;
        let mut replies = Vec::new();
        loop {
            match self.reply().await {
                Reply::Bye => break,
                other => replies.push(other),
            }
        }
        let ended = self.process.0.wait().unwrap();
        assert!(ended.success(), "{}: {ended}", self.name);
        replies
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.process.0)
    }
}

/// Ends the process, with no chance to tidy up.
struct Guard(process::Child);

impl Drop for Guard {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
