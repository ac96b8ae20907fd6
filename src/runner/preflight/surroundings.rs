//! Variables, home, time and GPUs: what a look depends on beside files.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use jiff::Timestamp;

use super::gpu::Gpus;
use crate::host::clock;
use crate::host::environment::{self, DotEnv};

/// What the agent will find around it.
#[derive(Clone)]
pub struct Surroundings {
    own: HashMap<String, String>,
    dot_env: HashMap<String, String>,
    /// Where `.env` is written where there is none.
    own_env: PathBuf,
    /// The `.env` that is read.
    pub dot_env_file: DotEnv,
    /// The time.
    pub now: Timestamp,
    /// The GPUs, once somebody wanted to know.
    gpus: OnceLock<Gpus>,
}

/// A variable that is set and not empty.
#[derive(Debug, Clone, Copy)]
pub struct Variable<'a> {
    /// Its value; never printed.
    pub value: &'a str,
    /// Whether `.env` sets it.
    pub in_dot_env: bool,
}

impl Surroundings {
    /// As they are now; `env_folders` are where `.env` is looked for.
    pub fn read(env_folders: &[&Path]) -> Self {
        let dot_env = environment::dot_env(env_folders).into_iter().collect();
        Self {
            own: environment::variables().into_iter().collect(),
            dot_env,
            own_env: env_folders.first().map(|folder| folder.join(".env")).unwrap_or_default(),
            dot_env_file: DotEnv::look(env_folders),
            now: clock::now(),
            gpus: OnceLock::new(),
        }
    }

    /// The `.env` that a person writes a key into: the one that is read, or would be.
    pub fn env_file(&self) -> &Path {
        self.dot_env_file.read.as_ref().unwrap_or(&self.own_env)
    }

    /// A variable of the agent's environment: `.env` comes before our own.
    pub fn variable(&self, name: &str) -> Option<Variable<'_>> {
        let set = |from: &'_ HashMap<String, String>| from.get(name).is_some_and(|value| !value.trim().is_empty());
        let in_dot_env = set(&self.dot_env);
        let from = if in_dot_env { &self.dot_env } else { &self.own };
        from.get(name).map(String::as_str).filter(|value| !value.trim().is_empty()).map(|value| Variable { value, in_dot_env })
    }

    /// Its value alone.
    pub fn value(&self, name: &str) -> Option<String> {
        self.variable(name).map(|variable| variable.value.to_owned())
    }

    /// The GPUs: asked for where they matter, and once.
    pub fn gpus(&self) -> &Gpus {
        self.gpus.get_or_init(Gpus::look)
    }

    /// The person's home.
    pub fn home(&self) -> PathBuf {
        self.value("HOME").map_or_else(|| PathBuf::from("/"), PathBuf::from)
    }
}

impl std::fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Surroundings({} variables, {} of .env)", self.own.len(), self.dot_env.len())
    }
}
