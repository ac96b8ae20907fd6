//! Steps of Claude Code's transcript, which is a tree: the rules are those of `claude::session`, over ids alone. What a
//! line says is not kept, so that of a file of any size the way can be told.

use rustc_hash::FxHashSet;

use super::fold::Map;
use super::skim::{Kind, Line, Word};

/// No knot.
const NONE: u32 = u32::MAX;

/// One transcript, as far as its lines were looked at.
#[derive(Debug, Default)]
pub(super) struct Tree {
    /// Above each knot: another one, and the message that it is a block of.
    knots: Vec<(u32, Word)>,
    /// The agent and the knot of each line.
    lines: Map<(u32, u32)>,
    agents: Vec<Agent>,
    by_name: Map<u32>,
    /// Lines that say something, in the order of the file.
    kept: Vec<Kept>,
}

#[derive(Debug, Clone, Copy)]
struct Agent {
    last: u32,
    leaf: u32,
}

#[derive(Debug, Clone, Copy)]
struct Kept {
    at: u64,
    knot: u32,
    place: Place,
    is_own: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// A message of the model, by its id.
    Message(Word),
    Words,
    /// A line that came before.
    Twice,
}

/// Where steps begin, and which lines do not count.
#[derive(Debug, Default)]
pub(super) struct Way {
    pub(super) steps: Vec<u64>,
    pub(super) dead: Vec<u64>,
    /// Not all lines are of subagents.
    pub(super) has_own: bool,
}

impl Tree {
    /// Takes the line at this byte.
    pub(super) fn take(&mut self, at: u64, line: &Line) {
        let is_kept = line.kind != Kind::Other;
        if line.uuid != 0 && self.lines.contains_key(&line.uuid) {
            if is_kept {
                self.kept.push(Kept { at, knot: NONE, place: Place::Twice, is_own: false });
            }
            return;
        }
        let agent = self.agent(line);
        let above = self.above(line, agent);
        let is_same = line.message != 0 && self.knots.get(above as usize).is_some_and(|(_, message)| *message == line.message);
        let is_knot = line.is_prompt || line.kind == Kind::Model && !is_same;
        let knot = if is_knot {
            self.knots.push((above, line.message));
            number(self.knots.len() - 1)
        } else {
            above
        };
        if line.uuid != 0 {
            self.lines.insert(line.uuid, (agent, knot));
        }
        if let Some(agent) = self.agents.get_mut(agent as usize) {
            if is_kept {
                agent.last = knot;
            }
            if is_knot {
                agent.leaf = knot;
            }
        }
        if is_kept {
            let place = if line.kind == Kind::Model { Place::Message(line.message) } else { Place::Words };
            self.kept.push(Kept { at, knot, place, is_own: !line.is_sidechain });
        }
    }

    /// The agent whose line it is; the session's own has the name 0.
    fn agent(&mut self, line: &Line) -> u32 {
        let name = if !line.is_sidechain {
            0
        } else if line.agent != 0 {
            line.agent
        } else {
            // the agents of old transcripts have no names: the first line's id stands for one
            let own = self.by_name.get(&0).copied();
            let of_parent = self.lines.get(&line.parent).map(|(agent, _)| *agent).filter(|agent| line.parent != 0 && Some(*agent) != own);
            if let Some(agent) = of_parent {
                return agent;
            }
            line.uuid.max(1)
        };
        *self.by_name.entry(name).or_insert_with(|| {
            self.agents.push(Agent { last: NONE, leaf: NONE });
            number(self.agents.len() - 1)
        })
    }

    /// The knot on which a line hangs.
    fn above(&self, line: &Line, agent: u32) -> u32 {
        let before = || self.agents.get(agent as usize).map_or(NONE, |agent| agent.last);
        match line.parent {
            0 if line.goes_on || line.uuid == 0 => before(),
            0 => NONE,
            parent => self.lines.get(&parent).filter(|(of, _)| *of == agent).map_or_else(before, |(_, knot)| *knot),
        }
    }

    /// What counts.
    pub(super) fn way(&self) -> Way {
        let mut on_way = vec![false; self.knots.len()];
        for agent in &self.agents {
            let mut next = agent.leaf;
            // a knot is above later ones only
            while let (Some((above, _)), Some(on)) = (self.knots.get(next as usize), on_way.get_mut(next as usize)) {
                *on = true;
                next = *above;
            }
        }
        let (mut way, mut begun) = (Way::default(), FxHashSet::default());
        way.has_own = self.kept.iter().any(|line| line.is_own);
        for Kept { at, knot, place, .. } in &self.kept {
            let counts = *place != Place::Twice && (*knot == NONE || on_way.get(*knot as usize) == Some(&true));
            match place {
                _ if !counts => way.dead.push(*at),
                Place::Message(id) if *id == 0 || begun.insert(*id) => way.steps.push(*at),
                _ => {}
            }
        }
        way
    }
}

fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(NONE)
}
