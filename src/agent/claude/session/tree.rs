//! Which lines of a transcript count.

use std::collections::{HashMap, HashSet};

/// Bytes of lines that are kept to read them again. Of more, lines count in the order of the file.
const MOST_KEPT: usize = 256 * 1024 * 1024;

/// Bytes that are read again at most, all times together: people go back some times in a session, agents hardly ever. After
/// that, lines count in the order of the file.
const MOST_AGAIN: usize = 512 * 1024 * 1024;

/// A line, as far as the tree needs it.
#[derive(Debug)]
pub(super) struct Line<'a> {
    pub(super) uuid: Option<String>,
    pub(super) parent: Option<String>,
    /// Without a known parent it goes on from the line before it, instead of beginning anew.
    pub(super) goes_on: bool,
    pub(super) agent: &'a str,
    /// The message of the model of which it is a block.
    pub(super) message: Option<String>,
    pub(super) is_prompt: bool,
    /// The line itself where it says something.
    pub(super) raw: &'a str,
}

/// Where a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// On the way to the last leaf, as it was.
    Way,
    /// On another way: the one that counted until now was given up.
    Other,
    /// On a branch that does not count, or it says nothing.
    Elsewhere,
}

/// The tree of a transcript. Only messages of the model and prompts are its knots; every other line hangs on one of them.
#[derive(Debug, Default)]
pub(super) struct Tree {
    knots: Vec<Knot>,
    /// The knot of each line; `None` above the first one.
    lines: HashMap<String, At>,
    agents: HashMap<String, Agent>,
    /// The agent of the file's own way.
    own: Option<String>,
    kept: Vec<(At, Box<str>)>,
    kept_bytes: usize,
    again: usize,
}

/// A knot: a message of the model, or a prompt.
#[derive(Debug)]
struct Knot {
    above: Option<usize>,
    message: Option<String>,
}

/// Where a line hangs.
#[derive(Debug, Clone)]
struct At {
    agent: String,
    knot: Option<usize>,
}

/// The way of an agent.
#[derive(Debug, Default)]
struct Agent {
    /// Its last line.
    last: Option<usize>,
    /// The last knot of the way.
    leaf: Option<usize>,
    /// All knots of the way.
    way: HashSet<usize>,
}

impl Tree {
    /// Takes the next line.
    pub(super) fn take(&mut self, line: &Line<'_>) -> Place {
        if line.uuid.as_ref().is_some_and(|uuid| self.lines.contains_key(uuid)) {
            return Place::Elsewhere;
        }
        let is_first_own = line.agent.is_empty() && !line.raw.is_empty() && self.own.as_ref().is_some_and(|own| !own.is_empty());
        if !line.raw.is_empty() && (self.own.is_none() || is_first_own) {
            self.own = Some(line.agent.to_owned());
        }
        let above = self.above(line);
        let is_same = line.message.as_ref().is_some_and(|id| {
            !id.is_empty() && above.and_then(|at| self.knots.get(at)).is_some_and(|knot| knot.message.as_ref() == Some(id))
        });
        let is_knot = line.is_prompt || line.message.is_some() && !is_same;
        let knot = if is_knot {
            self.knots.push(Knot { above, message: line.message.clone() });
            Some(self.knots.len() - 1)
        } else {
            above
        };
        let at = At { agent: line.agent.to_owned(), knot };
        let is_kept = !line.raw.is_empty();
        if is_kept && self.can_go_back() {
            self.kept_bytes = self.kept_bytes.saturating_add(line.raw.len());
            self.kept.push((at.clone(), line.raw.into()));
        }
        if let Some(uuid) = &line.uuid {
            self.lines.insert(uuid.clone(), at);
        }
        let can_go_back = self.can_go_back();
        let agent = self.agents.entry(line.agent.to_owned()).or_default();
        if is_kept {
            agent.last = knot;
        }
        let Some(knot) = knot else { return if is_kept { Place::Way } else { Place::Elsewhere } };
        if is_knot {
            let is_other = can_go_back && above != agent.leaf;
            agent.leaf = Some(knot);
            agent.way.insert(knot);
            if is_other {
                let leaf = agent.leaf;
                let way = self.way_to(leaf);
                self.agents.entry(line.agent.to_owned()).or_default().way = way;
                self.goes_back();
                return Place::Other;
            }
        }
        if is_first_own && self.goes_back() {
            return Place::Other;
        }
        let agent = self.agents.get(line.agent);
        if is_kept && agent.is_some_and(|agent| agent.way.contains(&knot)) { Place::Way } else { Place::Elsewhere }
    }

    /// The knot on which a line hangs.
    fn above(&self, line: &Line<'_>) -> Option<usize> {
        let before = || self.agents.get(line.agent).and_then(|agent| agent.last);
        if !self.can_go_back() {
            return before();
        }
        match &line.parent {
            Some(parent) => self.lines.get(parent).filter(|at| at.agent == line.agent).map_or_else(before, |at| at.knot),
            None if line.goes_on || line.uuid.is_none() => before(),
            None => None,
        }
    }

    /// Whether all that was taken may be read again; if so, it is counted.
    pub(super) const fn goes_back(&mut self) -> bool {
        let can = self.can_go_back();
        self.again = self.again.saturating_add(self.kept_bytes);
        can
    }

    const fn can_go_back(&self) -> bool {
        self.again < MOST_AGAIN && self.kept_bytes < MOST_KEPT
    }

    fn way_to(&self, leaf: Option<usize>) -> HashSet<usize> {
        let mut way = HashSet::new();
        let mut next = leaf;
        // a knot is above later ones only
        while let Some(at) = next {
            way.insert(at);
            next = self.knots.get(at).and_then(|knot| knot.above);
        }
        way
    }

    /// The lines that count, in the order of the file, each with its agent.
    pub(super) fn way(&self) -> Vec<(String, Box<str>)> {
        let counts = |at: &At| at.knot.is_none_or(|knot| self.agents.get(&at.agent).is_some_and(|agent| agent.way.contains(&knot)));
        self.kept.iter().filter(|(at, _)| counts(at)).map(|(at, line)| (at.agent.clone(), line.clone())).collect()
    }

    /// The agent of a line.
    pub(super) fn agent(&self, uuid: &str) -> Option<String> {
        self.lines.get(uuid).map(|at| at.agent.clone())
    }

    /// Whether lines of an agent were seen.
    pub(super) fn knows(&self, agent: &str) -> bool {
        self.agents.contains_key(agent)
    }

    /// Whether an agent is the file's own.
    pub(super) fn is_own(&self, agent: &str) -> bool {
        self.own.as_deref() == Some(agent)
    }
}
