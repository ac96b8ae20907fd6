//! The ladder as far as a patch alone and git can climb it, in a process of its own under the check stage's keeper: a grammar
//! that crashes leaves rungs unchecked, and no runner dead.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Job;
use super::conclude::LARGEST_PATCH;
use crate::domain::SecretAt;
use crate::host::files::{self, Links};
use crate::host::stage_folder::Command;
use crate::model::Item;
use crate::patch::{ChangedFile, Climbed, Mark, Parent, climb};
use crate::text::mask::Masker;

/// What it leaves in the stage's folder.
const FILE: &str = "ladder.json";

/// A larger file is none of ours, in bytes.
const LARGEST: u64 = 16 << 20;

/// CPU seconds that it gets; it takes some ms. However it ends, the stage goes on.
const RUN: &str = r#"ulimit -t 120; "$@" || :"#;

/// `check-patch`: what the check stage runs behind the diff.
#[derive(Debug, clap::Args)]
pub struct CheckPatch {
    /// The stage's folder, with the patch and the paths that the human's commit changes
    folder: PathBuf,
    /// The clone's git folder
    #[arg(long)]
    git_dir: Option<PathBuf>,
    /// The parent commit
    #[arg(long, default_value = "")]
    parent: String,
}

impl CheckPatch {
    /// Climbs, and writes down how far.
    pub fn run(self) -> io::Result<()> {
        let patch = files::read(&self.folder.join("model_patch.diff"), LARGEST_PATCH, Links::Refused)?;
        let parent = match self.git_dir {
            Some(git_dir) => Parent::Clone { git_dir, sha: self.parent },
            None => Parent::Unknown { why: "there is no clone".to_owned() },
        };
        let climbed = climb(None, &patch, &expected(&self.folder), &parent);
        files::replace(&self.folder.join(FILE), &serde_json::to_vec(&climbed)?)
    }
}

/// The command that checks what lies in this folder.
pub(super) fn command(job: &Job, item: &Item, folder: &Path) -> Command {
    let text = |path: &Path| path.display().to_string();
    let mut argv = ["sh", "-c", RUN, "sh", &text(&job.binary), "check-patch", "--parent", &item.parent].map(str::to_owned).to_vec();
    if let Some(git_dir) = &job.git_dir {
        argv.extend(["--git-dir".to_owned(), text(git_dir)]);
    }
    argv.extend(["--".to_owned(), text(folder)]);
    // what it writes for git goes with the stage, even where it is killed
    Command { argv, cwd: folder.to_owned(), env: vec![("TMPDIR".to_owned(), text(folder))], ..Command::default() }
}

/// Values of secrets in what a patch adds, each where it stands first in a file.
pub(super) fn secrets(masker: &Masker, patch: &str, files: &[ChangedFile<'_>]) -> Vec<SecretAt> {
    // most patches hold none, and a look at each line takes longer
    if masker.named_in(patch).is_empty() {
        return Vec::new();
    }
    let mut found: Vec<SecretAt> = Vec::new();
    for file in files {
        let path = masker.line(&file.path);
        for (line, _, text) in file.after().filter(|(_, mark, _)| *mark == Mark::Added) {
            for name in masker.named_in(text) {
                if !found.iter().any(|known| known.name == name && known.file == path) {
                    found.push(SecretAt { name: name.to_owned(), file: path.clone(), line });
                }
            }
        }
    }
    found
}

/// The paths that the human's commit changes.
pub(super) fn expected(folder: &Path) -> Vec<String> {
    fs::read_to_string(folder.join("expected")).unwrap_or_default().lines().map(str::to_owned).collect()
}

/// How far it climbed; `None` where it came to a bad end.
pub(super) fn climbed(folder: &Path) -> Option<Climbed> {
    serde_json::from_slice(&files::read(&folder.join(FILE), LARGEST, Links::Refused).ok()?).ok()
}
