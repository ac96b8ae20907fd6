//! A runner of its own: started so that it outlives the terminal, the SSH connection and, where we can, the login.

use std::fs;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// What happens to processes that we leave behind at logout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Logout {
    /// They live on.
    Harmless,
    /// logind kills them; a scope of their own saves them.
    NeedsScope,
    /// logind kills them, and no scope can be had: the sentence that says so and what to do.
    Kills(String),
}

/// Starts this program with these arguments in the background, in a session of its own (the program itself calls
/// `setsid` when it sees `--own-session`). What it says on its own goes to `log`.
pub fn start(binary: &Path, arguments: &[String], log: &Path) -> io::Result<Child> {
    // a pipe in its place would be waited for
    if fs::metadata(log).is_ok_and(|there| !there.is_file()) {
        return Err(io::Error::other(format!("{} is no regular file", log.display())));
    }
    let log_file = fs::File::options().append(true).create(true).mode(0o600).open(log)?;
    let mut command = if logout() == Logout::NeedsScope {
        let mut command = Command::new("systemd-run");
        command.args(["--user", "--scope", "--quiet", "--collect", "--"]).arg(binary);
        command
    } else {
        Command::new(binary)
    };
    command.args(arguments).stdin(Stdio::null()).stdout(log_file.try_clone()?).stderr(log_file);
    command.spawn()
}

/// Makes this process the leader of a session without a terminal.
pub fn own_session() {
    // it fails only for a process that leads a group already, and then there is nothing to leave
    let _ = rustix::process::setsid();
}

/// What logind does at logout, by its configuration and by this user's lingering.
pub fn logout() -> Logout {
    if !Path::new("/run/systemd/system").exists() || rustix::process::getuid().is_root() || lingers() || !kills_user_processes() {
        return Logout::Harmless;
    }
    if std::env::var_os("XDG_RUNTIME_DIR").is_some_and(|runtime| Path::new(&runtime).join("systemd").exists()) {
        return Logout::NeedsScope;
    }
    Logout::Kills(format!(
        "logind here kills a user's processes at logout (KillUserProcesses=yes), and would kill the run: `loginctl enable-linger {}` keeps it",
        user()
    ))
}

/// Whether this user's processes live on without a login.
pub fn lingers() -> bool {
    let user = user();
    !user.is_empty() && Path::new("/var/lib/systemd/linger").join(user).exists()
}

fn user() -> String {
    std::env::var("USER").unwrap_or_default()
}

fn kills_user_processes() -> bool {
    let mut files = vec![Path::new("/etc/systemd/logind.conf").to_owned()];
    for folder in ["/usr/lib/systemd/logind.conf.d", "/etc/systemd/logind.conf.d", "/run/systemd/logind.conf.d"] {
        let mut found: Vec<_> =
            fs::read_dir(folder).into_iter().flatten().filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
        found.sort();
        files.extend(found);
    }
    let texts = files.iter().filter_map(|file| fs::read_to_string(file).ok());
    texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).fold(false, |kills, line| {
        match line.trim().strip_prefix("KillUserProcesses=") {
            Some(value) => matches!(value.trim(), "yes" | "true" | "1" | "on"),
            None => kills,
        }
    })
}
