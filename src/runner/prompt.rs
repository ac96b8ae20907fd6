//! What an agent is asked: the text of `task.txt`, where it comes from, and its digest.

use std::fs;
use std::io;

use super::Job;
use super::create::digest;
use crate::artifact::repo_name;
use crate::domain::PromptSource;
use crate::model::{Item, Run};

/// A prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// The text for `task.txt`.
    pub text: String,
    /// Where it comes from.
    pub source: PromptSource,
    /// The file it was taken from, if any.
    pub from: Option<String>,
    /// SHA-256, in hex, of the text with `{worktree}` in the place of the worktree's path: equal for two agents that
    /// were asked the same.
    pub digest: String,
}

/// The prompt of an item.
pub fn prompt(job: &Job, run: &Run, item: &Item) -> io::Result<Prompt> {
    let tree = job.worktree(item).display().to_string();
    let repo = repo_name(&run.repo);
    let (text, from) = match &job.config.prompt.template {
        Some(path) => {
            let path = job.checkout.root.join(path);
            (job.fill(&fs::read_to_string(&path)?, run, item).replace("{repo}", &repo), Some(path.display().to_string()))
        }
        None => (ours(&tree, &repo), None),
    };
    let digest = digest(text.replace(&tree, "{worktree}").as_bytes());
    Ok(Prompt { text, source: PromptSource::Template, from, digest })
}

fn ours(tree: &str, repo: &str) -> String {
    format!(
        "The folder {tree} holds a checkout of {repo}.\n\nMake it faster. Find what is slow on its main path, change it, and check that it still does\nthe same. \
         Keep the public interface and the tests as they are.\n\nLeave your changes in the folder; committing them is not needed.\n"
    )
}
