//! A way through ssh to the engine of another machine: a socket of our own, and behind each connection to it one
//! `ssh … docker system dial-stdio`, as the `docker` command does it. The user's own ssh decides about keys and hosts: the
//! client library's way would take any host's key unseen, and knows no port.

use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::endpoint::SshHost;
use crate::host::private::Private;
use crate::text::clean;

/// How long ssh may take to reach the machine, in seconds.
const REACH_S: u32 = 10;

/// How long a connection between the machines stays open for the next question, in seconds.
const KEEP_S: u32 = 60;

/// The way. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Tunnel {
    folder: Private,
    is_over: Arc<AtomicBool>,
}

impl Tunnel {
    /// Opens it. Nothing is asked of the other machine yet.
    pub(super) fn open(host: &SshHost) -> io::Result<Self> {
        let folder = Private::new()?;
        let listener = UnixListener::bind(socket(folder.path()))?;
        let is_over = Arc::new(AtomicBool::new(false));
        let (host, path, ends) = (host.clone(), folder.path().to_owned(), Arc::clone(&is_over));
        thread::Builder::new().name("ssh".to_owned()).spawn(move || serve(&listener, &host, &path, &ends))?;
        Ok(Self { folder, is_over })
    }

    /// Where to connect to.
    pub(super) fn socket(&self) -> PathBuf {
        socket(self.folder.path())
    }

    /// What ssh said last, in one line; `None` where it said nothing.
    pub(super) fn said(&self) -> Option<String> {
        let text = fs::read(said(self.folder.path())).ok()?;
        let text = String::from_utf8_lossy(&text);
        text.lines().rev().map(clean::line).find(|line| !line.is_empty())
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        // wakes whoever waits for the next connection
        let _ = UnixStream::connect(self.socket());
    }
}

fn socket(folder: &Path) -> PathBuf {
    folder.join("docker.sock")
}

fn said(folder: &Path) -> PathBuf {
    folder.join("said")
}

/// One ssh for each connection, until it is over.
fn serve(listener: &UnixListener, host: &SshHost, folder: &Path, is_over: &AtomicBool) {
    let mut started: Vec<Child> = Vec::new();
    for connection in listener.incoming() {
        if is_over.load(Ordering::SeqCst) {
            break;
        }
        started.retain_mut(|child| matches!(child.try_wait(), Ok(None)));
        let Ok(connection) = connection else { continue };
        match dial(host, folder, connection) {
            Ok(child) => started.push(child),
            // the connection is closed by that, and whoever asked reads why
            Err(error) => {
                let _ = fs::write(said(folder), format!("ssh can't be started: {error}\n"));
            }
        }
    }
    for mut child in started {
        let _ = child.kill();
        let _ = child.wait();
    }
}

fn dial(host: &SshHost, folder: &Path, connection: UnixStream) -> io::Result<Child> {
    let mut ssh = Command::new("ssh");
    // it must never ask: the terminal is a screen's
    ssh.args(["-o", "BatchMode=yes", "-T"]).arg("-o").arg(format!("ConnectTimeout={REACH_S}"));
    ssh.args(["-o", "ControlMaster=auto"]).arg("-o").arg(format!("ControlPath={}", folder.join("mux").display()));
    ssh.arg("-o").arg(format!("ControlPersist={KEEP_S}"));
    if let Some(user) = &host.user {
        ssh.args(["-l", user]);
    }
    if let Some(port) = host.port {
        ssh.args(["-p", &port.to_string()]);
    }
    ssh.args(["--", &host.host, "docker"]);
    if let Some(socket) = &host.socket {
        // a shell reads it over there
        let socket = shlex::try_quote(socket).map_err(io::Error::other)?;
        ssh.args(["--host", &format!("unix://{socket}")]);
    }
    ssh.args(["system", "dial-stdio"]);
    let to_us: OwnedFd = connection.try_clone()?.into();
    let from_us: OwnedFd = connection.into();
    let said = File::create(said(folder))?;
    // an interrupt from the terminal is for us
    ssh.process_group(0).stdin(Stdio::from(from_us)).stdout(Stdio::from(to_us)).stderr(Stdio::from(said)).spawn()
}
