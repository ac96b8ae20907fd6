//! Whether a file can be parsed, by the grammar of its language. Nothing in a file can bring the process down: what is too
//! large or too deep is not parsed at all, and every parser runs on a thread of its own.

mod cuda;
mod python;

use std::thread;

/// A language that we have a grammar for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Python; `.pyi` too.
    Python,
    /// C, C++ and CUDA.
    Cuda,
}

/// A file of which something is to be known.
#[derive(Debug)]
pub struct Source<'a> {
    /// Its language.
    pub language: Language,
    /// Its path, for the evidence.
    pub path: &'a str,
    /// Its text before the patch; `None` where nobody knows it.
    pub before: Option<&'a [u8]>,
    /// Its text after the patch.
    pub after: &'a [u8],
    /// Lines that the patch adds, in rising order, from 1.
    pub added: Vec<u32>,
}

/// What the grammar says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parsed {
    /// It can be parsed, or was as bad before the patch.
    Fine,
    /// It can't: `line:column: what`.
    Broken(String),
    /// Nobody can tell, and why.
    Unknown(String),
}

/// A larger file is not parsed, in bytes: the largest sources that people write are a tenth of it.
const LARGEST: usize = 2 << 20;

/// Stack of the thread that parses, in bytes; only what is used of it takes memory. The deepest that `python` lets through
/// takes less than half of it in a build without optimisation.
const STACK: usize = 64 << 20;

impl Language {
    /// By the end of a file's name; `None` for a language without a grammar.
    pub fn of(path: &str) -> Option<Self> {
        let name = path.rsplit('/').next().unwrap_or_default();
        match name.rsplit_once('.')?.1 {
            "py" | "pyi" => Some(Self::Python),
            "c" | "cc" | "cpp" | "cxx" | "h" | "hh" | "hpp" | "hxx" | "cu" | "cuh" => Some(Self::Cuda),
            _ => None,
        }
    }
}

/// Parses all of them, on one thread of its own.
pub fn parse(sources: &[Source<'_>]) -> Vec<Parsed> {
    if sources.is_empty() {
        return Vec::new();
    }
    let unknown = |why: &str| vec![Parsed::Unknown(why.to_owned()); sources.len()];
    thread::scope(|scope| {
        let all = || sources.iter().map(parse_one).collect();
        match thread::Builder::new().name("grammar".to_owned()).stack_size(STACK).spawn_scoped(scope, all) {
            Ok(running) => running.join().unwrap_or_else(|_| unknown("a defect of the grammar")),
            Err(error) => unknown(&format!("no thread to parse it on: {error}")),
        }
    })
}

fn parse_one(source: &Source<'_>) -> Parsed {
    if source.after.len() > LARGEST {
        return Parsed::Unknown(format!("it is larger than {} MiB", LARGEST >> 20));
    }
    match source.language {
        Language::Python => python::parse(source.after),
        Language::Cuda => cuda::parse(source),
    }
}

/// The line of a byte and its column, both from 1.
fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    (line, before.rsplit('\n').next().unwrap_or_default().chars().count() + 1)
}
