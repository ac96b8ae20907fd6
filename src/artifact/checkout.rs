//! Finding the harness: the folder that holds `state/`, the clone of the repository, the names of run folders.

use std::path::{Path, PathBuf};

/// A harness folder and where its things lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    /// The folder that holds `state/`.
    pub root: PathBuf,
}

impl Checkout {
    /// The nearest folder upwards that looks like a harness folder.
    pub fn find(from: &Path) -> Option<Self> {
        let is_root = |folder: &Path| {
            let state = folder.join("state");
            folder.join("isobench-tui.toml").is_file()
                || ["plan.json", "runs", "tui"].iter().any(|inside| state.join(inside).exists())
                || (state.is_dir() && folder.join("bench.yaml").is_file())
        };
        from.ancestors().find(|folder| is_root(folder)).map(|root| Self { root: root.to_owned() })
    }

    /// The plan that is taken when none is named.
    pub fn default_plan(&self) -> PathBuf {
        self.root.join("state/plan.json")
    }

    /// The clone of the plan's repository: as configured, the path in the plan, the harness's own clone, or a clone
    /// beside the harness. `Err` is where the harness would have cloned it to.
    pub fn clone_of(&self, configured: Option<&Path>, repo: &str, task_id: &str) -> Result<PathBuf, PathBuf> {
        let harness_clone = self.root.join(".work/repos").join(task_id);
        if let Some(path) = configured {
            let path = self.root.join(path);
            return if path.is_dir() { Ok(path) } else { Err(path) };
        }
        let name = repo_name(repo);
        let mut places = vec![self.root.join(repo), harness_clone.clone(), self.root.join(&name)];
        places.extend(self.root.parent().map(|above| above.join(&name)));
        places.retain(|place| place.join(".git").exists() || place.join("HEAD").is_file());
        places.into_iter().next().ok_or(harness_clone)
    }

    /// The folder of a run's items: `state/runs/<repo>/<agent>/<model>/<timestamp>`.
    pub fn items(&self, repo: &str, agent: &str, model: &str, timestamp: &str) -> PathBuf {
        self.root.join("state/runs").join(repo_name(repo)).join(agent).join(harness_model(model)).join(timestamp)
    }

    /// The worktrees of a run.
    pub fn worktrees(&self, run: &str) -> PathBuf {
        self.root.join(".work/worktrees").join(run)
    }
}

/// The repository's folder below `state/runs`, by the harness's own rule: the tail of the URL without any of the
/// characters `.git` at its end, which makes `sglan` of `sglang.git`.
pub fn repo_name(repo: &str) -> String {
    let tail = repo.trim_end_matches('/').rsplit('/').next().unwrap_or(repo);
    let name = if tail.strip_suffix(".git").is_some() { tail.trim_end_matches(['.', 'g', 'i', 't']) } else { tail };
    let usable = !name.is_empty() && name != ".." && name != ".";
    if usable { name.to_owned() } else { "repo".to_owned() }
}

/// The model's folder: lower case, anything but word characters and `-` turned into `-`.
pub fn harness_model(model: &str) -> String {
    model.to_lowercase().chars().map(|c| if c.is_alphanumeric() || c == '_' || c == '-' { c } else { '-' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repo_folders_are_named_as_the_harness_names_them() {
        assert_eq!(repo_name("https://github.com/vllm-project/vllm.git"), "vllm");
        assert_eq!(repo_name("https://github.com/sgl-project/sglang.git"), "sglan");
        assert_eq!(repo_name("/data/sglang/"), "sglang");
        assert_eq!(repo_name("repo"), "repo");
        assert_eq!(repo_name(".."), "repo");
    }

    #[test]
    fn model_folders_are_named_as_the_harness_names_them() {
        assert_eq!(harness_model("us.anthropic.Claude-Sonnet-4-5:0"), "us-anthropic-claude-sonnet-4-5-0");
    }
}
