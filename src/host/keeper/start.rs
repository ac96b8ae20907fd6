//! Starting one command, and saying plainly why it did not start.

use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, Stdio};

use rustix::fs::{Access, access};
use thiserror::Error;

use crate::host::process::TAG_VARIABLE;
use crate::host::stage_folder::{Command, Spec, StageFolder, open_output};

/// Why a command was not started.
#[derive(Debug, Error)]
pub(super) enum StartError {
    /// Its `argv` is empty.
    #[error("the command is empty")]
    Empty,
    /// It can't run in its folder.
    #[error("working folder {path}: {source}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        source: io::Error,
    },
    /// What it is to read can't be opened.
    #[error("input {path}: {source}")]
    Input {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// What it prints can't be kept.
    #[error("output {path}: {source}")]
    Output {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The program is there, and what its first line names is not.
    #[error("program {program}: the interpreter that its first line names is missing")]
    Interpreter {
        /// As in `argv`.
        program: String,
    },
    /// The program can't be started.
    #[error("program {program}: {source}")]
    Program {
        /// As in `argv`.
        program: String,
        /// What the system said.
        source: io::Error,
    },
}

/// Starts a command with its files, its environment and a process group of its own.
pub(super) fn start(folder: &StageFolder, spec: &Spec, command: &Command) -> Result<Child, StartError> {
    let (program, arguments) = command.argv.split_first().ok_or(StartError::Empty)?;
    let mut process = Process::new(program);
    process
        .args(arguments)
        .current_dir(&command.cwd)
        .envs(command.env.iter().map(|(name, value)| (name, value)))
        .env(TAG_VARIABLE, &spec.tag)
        .stdin(input(folder, command)?)
        .stdout(output(folder, command)?)
        .stderr(append(&folder.err())?)
        .process_group(0);
    with_oom_score(spec.oom_score_adj, || process.spawn()).map_err(|source| explain(program, command, source))
}

fn input(folder: &StageFolder, command: &Command) -> Result<Stdio, StartError> {
    let Some(path) = &command.stdin else { return Ok(Stdio::null()) };
    let path = folder.path().join(path);
    File::open(&path).map(Stdio::from).map_err(|source| StartError::Input { path, source })
}

fn output(folder: &StageFolder, command: &Command) -> Result<Stdio, StartError> {
    let Some(path) = &command.stdout else { return append(&folder.out()) };
    let path = folder.path().join(path);
    open_output(File::options().write(true).truncate(true), &path).map(Stdio::from).map_err(|source| StartError::Output { path, source })
}

fn append(path: &Path) -> Result<Stdio, StartError> {
    open_output(File::options().append(true), path).map(Stdio::from).map_err(|source| StartError::Output { path: path.to_owned(), source })
}

/// Does something while we have another standing with the out-of-memory killer, so that a child has it from its first
/// moment. What the system refuses is left: a container may already stand higher, and only root goes lower.
fn with_oom_score<T>(score: Option<i32>, act: impl FnOnce() -> T) -> T {
    const OURS: &str = "/proc/self/oom_score_adj";
    let before = score.and_then(|score| {
        let before = fs::read_to_string(OURS).ok()?;
        fs::write(OURS, score.to_string()).ok().map(|()| before)
    });
    let done = act();
    if let Some(before) = before {
        let _ = fs::write(OURS, before.trim());
    }
    done
}

/// The system says "no such file" for a missing program, folder and interpreter alike: look which it was.
fn explain(program: &str, command: &Command, source: io::Error) -> StartError {
    if let Err(source) = can_enter(&command.cwd) {
        return StartError::Folder { path: command.cwd.clone(), source };
    }
    if source.kind() == io::ErrorKind::NotFound && program.contains('/') && command.cwd.join(program).exists() {
        return StartError::Interpreter { program: program.to_owned() };
    }
    StartError::Program { program: program.to_owned(), source }
}

fn can_enter(folder: &Path) -> io::Result<()> {
    if !fs::metadata(folder)?.is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    Ok(access(folder, Access::EXEC_OK)?)
}
