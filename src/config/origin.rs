//! Where a value comes from.

use std::fmt;

/// Where a value of the configuration comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said anything: ours.
    Default,
    /// Nobody said anything: what ISO-Bench's harness takes then.
    HarnessDefault,
    /// A file of ours.
    File {
        /// Its name.
        name: String,
        /// Line, from 1.
        line: usize,
    },
    /// ISO-Bench's bench file.
    Bench {
        /// Its name.
        name: String,
        /// Where in it: `agents.trae.args.max_steps`.
        field: String,
        /// The variables that stand there as `${…}`.
        filled: Vec<Filled>,
    },
    /// An environment variable.
    Variable(String),
    /// A variable of the harness's `.env`.
    DotEnv(String),
    /// A flag of the command line.
    Flag(&'static str),
    /// It follows from another value, or from a file that another value names.
    Derived(String),
}

/// A `${…}` of the bench file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filled {
    /// The variable is set.
    Set(String),
    /// The variable is set in the harness's `.env`.
    DotEnv(String),
    /// The variable is not set, and what stands behind `:-` was taken.
    Fallback(String),
    /// The variable is not set, and nothing was taken.
    Unset(String),
}

impl Origin {
    /// The same, with the variables told apart that stand in `.env` and nowhere else.
    #[must_use]
    pub(super) fn with_dot_env(self, is_of_file: impl Fn(&str) -> bool) -> Self {
        match self {
            Self::Variable(name) if is_of_file(&name) => Self::DotEnv(name),
            Self::Bench { name, field, filled } => {
                let told = |filled| match filled {
                    Filled::Set(name) if is_of_file(&name) => Filled::DotEnv(name),
                    filled => filled,
                };
                Self::Bench { name, field, filled: filled.into_iter().map(told).collect() }
            }
            origin => origin,
        }
    }

    /// The variables whose values are part of the value.
    pub fn variables(&self) -> Vec<&str> {
        match self {
            Self::Variable(name) | Self::DotEnv(name) => vec![name],
            Self::Bench { filled, .. } => {
                let set = filled.iter().filter_map(|filled| match filled {
                    Filled::Set(name) | Filled::DotEnv(name) => Some(name.as_str()),
                    _ => None,
                });
                set.collect()
            }
            _ => Vec::new(),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::HarnessDefault => f.write_str("the harness's own default"),
            Self::File { name, line } => write!(f, "{name}:{line}"),
            Self::Bench { name, field, filled } => {
                write!(f, "{name}: {field}")?;
                filled.iter().try_for_each(|filled| match filled {
                    Filled::Set(name) => write!(f, " (${name})"),
                    Filled::DotEnv(name) => write!(f, " (.env: {name})"),
                    Filled::Fallback(name) => write!(f, " (its default: ${name} is not set)"),
                    Filled::Unset(name) => write!(f, " (${name} is not set)"),
                })
            }
            Self::Variable(name) => write!(f, "environment variable {name}"),
            Self::DotEnv(name) => write!(f, ".env: {name}"),
            Self::Flag(flag) => f.write_str(flag),
            Self::Derived(from) => write!(f, "from {from}"),
        }
    }
}
