//! A short question to another program, which gets no more than a while to answer it.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

/// What became of the question.
#[derive(Debug)]
pub enum Asked {
    /// The program ended.
    Answered(Output),
    /// It did not end in time, and was killed with whatever it had started.
    TooSlow,
}

/// Runs a program without a stdin, and waits for its end no longer than `patience`.
pub fn ask(command: &mut Command, patience: Duration) -> io::Result<Asked> {
    ask_about(command, Stdio::null(), patience)
}

/// The same for a program that reads what it is asked.
pub fn ask_about(command: &mut Command, question: Stdio, patience: Duration) -> io::Result<Asked> {
    let child = command.stdin(question).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0).spawn()?;
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let (say, hear) = sync_channel(1);
    // nobody joins the thread: what it waits for may hold the pipes after we have lost patience
    std::thread::spawn(move || say.send(child.wait_with_output()));
    match hear.recv_timeout(patience) {
        Ok(output) => output.map(Asked::Answered),
        Err(RecvTimeoutError::Timeout) => {
            if let Some(group) = group {
                // it may have ended in this moment
                let _ = kill_process_group(group, Signal::KILL);
            }
            Ok(Asked::TooSlow)
        }
        Err(RecvTimeoutError::Disconnected) => Err(io::Error::other("the thread that waited is gone")),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::panic, reason = "a test says what went wrong by failing")]
mod tests {
    use super::*;

    #[test]
    fn an_answer_comes_whole() {
        let asked = ask(Command::new("sh").args(["-c", "head -c 200000 /dev/zero; echo no >&2; exit 3"]), Duration::from_secs(30)).unwrap();
        let Asked::Answered(output) = asked else { panic!("{asked:?}") };
        assert_eq!((output.status.code(), output.stdout.len(), output.stderr.as_slice()), (Some(3), 200_000, &b"no\n"[..]));
    }

    #[test]
    fn who_does_not_answer_is_killed_with_its_children() {
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().join("pid");
        let script = format!("sleep 1000 & echo $! >{}; wait", mark.display());
        let asked = ask(Command::new("sh").args(["-c", &script]), Duration::from_millis(400)).unwrap();
        assert!(matches!(asked, Asked::TooSlow));
        let Ok(pid) = std::fs::read_to_string(&mark) else { return };
        let stat = || std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
        let until = std::time::Instant::now() + Duration::from_secs(30);
        while stat().is_ok_and(|stat| !stat.contains(") Z ")) {
            assert!(std::time::Instant::now() < until, "its child lives");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
