//! D11: the same error on the same target, again and again, and nothing that worked there in between.

use std::collections::HashMap;

use super::call::{Act, Called};
use super::look::{Look, line};
use super::memory::Trail;
use super::print::{self, Print};
use super::rule::{Now, Rule, Told};
use crate::domain::{Detector, Level};
use crate::text;

/// Failures for note, warn and stuck where a file is edited or viewed: it is there, and the agent misreads it.
const LEVELS_OF_FILES: [u32; 3] = [4, 4, 7];

/// The same for all else: a test may fail as often as it likes.
const NOTE: u32 = 4;

/// Targets that are remembered.
const MOST: usize = 256;

/// Classes of errors of one target that are remembered.
const CLASSES: usize = 4;

/// Walls by target.
#[derive(Debug, Default)]
pub(super) struct ErrorWall {
    walls: HashMap<u64, Vec<Wall>>,
    /// The wall that is told of: its target and its class.
    told: Option<(u64, u64)>,
}

/// Failures of a class since something worked.
#[derive(Debug)]
struct Wall {
    class: u64,
    is_file: bool,
    target: String,
    count: u32,
    steps: u32,
    first_step: u32,
    last_step: u32,
    trail: Trail,
}

impl Rule for ErrorWall {
    fn detector(&self) -> Detector {
        Detector::ErrorWall
    }

    fn take(&mut self, look: &Look<'_>) -> Now {
        let mut worst = self.told.filter(|told| self.wall(*told).is_some());
        for call in &look.calls {
            let Some(target) = target(call) else { continue };
            match call.error_line() {
                Some("") => {}
                Some(error) => {
                    let new = (target, self.failed(look.step.index, call, target, error));
                    // one wall is told of at a time, as long as it stands and no other is worse
                    if self.level(Some(new)) > self.level(worst) {
                        worst = Some(new);
                    }
                }
                None if call.worked() => {
                    self.walls.remove(&target);
                }
                None => {}
            }
        }
        if self.level(worst) == Level::None {
            let all = self.walls.iter().flat_map(|(target, walls)| walls.iter().map(move |wall| (*target, wall)));
            let standing = all.max_by_key(|(target, wall)| (wall.level(), wall.count, wall.last_step, *target));
            worst = standing.filter(|_| self.told.is_some()).map(|(target, wall)| (target, wall.class));
        }
        self.told = worst;
        self.told.and_then(|told| self.wall(told)).map_or(Now::NOTHING, Wall::now)
    }

    fn tell(&self) -> Told {
        let Some(wall) = self.told.and_then(|told| self.wall(told)) else {
            return Told { says: String::new(), hint: String::new(), evidence: Vec::new() };
        };
        // several calls of one answer may fail alike
        let steps = if wall.steps == wall.count { String::new() } else { format!(" in {}", text::count(wall.steps as usize, "step")) };
        Told {
            says: format!("{} failed {} times{steps} with the same error", wall.target, wall.count),
            hint: if wall.is_file {
                "It works from a wrong idea of the file: let it view the lines again, or stop it".to_owned()
            } else {
                "See whether the error can go away at all: a missing file, package or permission does not come by itself".to_owned()
            },
            evidence: wall.trail.list(),
        }
    }
}

impl ErrorWall {
    fn wall(&self, (target, class): (u64, u64)) -> Option<&Wall> {
        self.walls.get(&target)?.iter().find(|wall| wall.class == class)
    }

    fn level(&self, wall: Option<(u64, u64)>) -> Level {
        wall.and_then(|wall| self.wall(wall)).map_or(Level::None, Wall::level)
    }

    /// Counts a failure; returns its class.
    fn failed(&mut self, step: u32, call: &Called<'_>, target: u64, error: &str) -> u64 {
        if self.walls.len() >= MOST && !self.walls.contains_key(&target) {
            let last = |walls: &Vec<Wall>| walls.iter().map(|wall| wall.last_step).max();
            let oldest = self.walls.iter().min_by_key(|(target, walls)| (last(walls), **target)).map(|(target, _)| *target);
            oldest.and_then(|oldest| self.walls.remove(&oldest));
        }
        let class = print::of_error(error);
        let walls = self.walls.entry(target).or_default();
        let at = walls.iter().position(|wall| wall.class == class).unwrap_or_else(|| {
            if walls.len() >= CLASSES {
                walls.remove(0);
            }
            walls.push(Wall {
                class,
                is_file: matches!(call.act, Act::Edit | Act::View),
                target: line(&call.target),
                count: 0,
                steps: 0,
                first_step: step,
                last_step: 0,
                trail: Trail::default(),
            });
            walls.len() - 1
        });
        let Some(wall) = walls.get_mut(at) else { return class };
        wall.count = wall.count.saturating_add(1);
        wall.steps = wall.steps.saturating_add(u32::from(wall.last_step != step));
        wall.last_step = step;
        wall.trail.add(step, line(error));
        class
    }
}

impl Wall {
    fn now(&self) -> Now {
        let [note, warn, stuck] = if self.is_file { LEVELS_OF_FILES } else { [NOTE, u32::MAX, u32::MAX] };
        // calls of one answer share one mistake: it has to make it again
        let warn = if self.steps >= 2 { warn } else { u32::MAX };
        let stuck = if self.steps >= 3 { stuck } else { u32::MAX };
        let mut now = Now::at(self.count, [note, warn, stuck], self.first_step);
        now.episode = self.class;
        now
    }

    fn level(&self) -> Level {
        self.now().level
    }
}

/// What an error is counted for: what is done, and to what. Thoughts and finishes have no target.
fn target(call: &Called<'_>) -> Option<u64> {
    if matches!(call.act, Act::Think | Act::Finish) || call.target.is_empty() {
        return None;
    }
    let mut print = Print::new();
    print.byte(match call.act {
        Act::Edit => 1,
        Act::View => 2,
        _ => 3,
    });
    print.text(&call.target);
    Some(print.done())
}
