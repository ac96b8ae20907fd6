//! The keys, as data. The footer, the help and the dispatch are made from this one table.

use super::{Action, Key, Screen};
use crate::text::width;

/// Where a key has its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// On the start screen.
    Home,
    /// In the tree of all runs.
    Browse,
    /// In the list of items.
    Queue,
    /// In the steps of an agent.
    Agent,
    /// In the result of an item.
    Result,
    /// At the machine: disks, images, pulls and prunes.
    Machine,
    /// In the table of all results.
    Results,
    /// In a log.
    Log,
    /// In a comparison.
    Compare,
}

/// On every screen, those without a run too.
const ALL: &[Place] =
    &[Place::Home, Place::Browse, Place::Queue, Place::Agent, Place::Result, Place::Machine, Place::Results, Place::Log, Place::Compare];
/// On every screen on which one searches; the browser filters instead.
const SEARCHED: &[Place] = &[Place::Home, Place::Queue, Place::Agent, Place::Result, Place::Results, Place::Log, Place::Compare];
/// On every screen of a run.
pub const RUN: &[Place] = &[Place::Queue, Place::Agent, Place::Result, Place::Machine, Place::Results, Place::Log];
/// On every screen that something is taken out of.
const TAKEN: &[Place] =
    &[Place::Browse, Place::Queue, Place::Agent, Place::Result, Place::Machine, Place::Results, Place::Log, Place::Compare];
/// At the machine only.
const MACHINE: &[Place] = &[Place::Machine];
/// On those of a run, and in a comparison.
const READ: &[Place] = &[Place::Queue, Place::Agent, Place::Result, Place::Machine, Place::Results, Place::Log, Place::Compare];
/// In a comparison only.
const COMPARE: &[Place] = &[Place::Compare];
/// On the screens of one item.
const ITEM: &[Place] = &[Place::Agent, Place::Result, Place::Log];
/// On the screens of a run that show its items.
const ITEMS: &[Place] = &[Place::Queue, Place::Agent, Place::Result, Place::Log];

/// On those on which an item of the run is selected.
const SELECTED: &[Place] = &[Place::Queue, Place::Agent, Place::Result, Place::Results, Place::Log];
/// In the table of results only.
const RESULTS: &[Place] = &[Place::Results];

/// Which part of the help a key belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// What becomes of the run.
    Run,
    /// What becomes of an item.
    Item,
    /// Getting about.
    Move,
    /// The screen itself.
    Screen,
    /// Out of the terminal.
    Out,
}

/// Keys and what they do.
#[derive(Debug, Clone, Copy)]
pub struct Binding {
    /// Any of these.
    pub keys: &'static [Key],
    /// What they do.
    pub action: Action,
    /// Where.
    pub places: &'static [Place],
    /// Their part of the help.
    pub group: Group,
    /// Its name, in a word or two, for footer and palette; empty for keys that only move, and for the second key of most pairs.
    pub short: &'static str,
    /// In the help, in a sentence; empty for the second key of a pair, which is told with the first one.
    pub help: &'static str,
}

const fn bind(
    keys: &'static [Key],
    action: Action,
    places: &'static [Place],
    group: Group,
    short: &'static str,
    help: &'static str,
) -> Binding {
    Binding { keys, action, places, group, short, help }
}

/// Every key.
#[rustfmt::skip]
pub const KEYMAP: &[Binding] = &[
    bind(&[Key::Char('?')], Action::Help, ALL, Group::Screen, "help", "this help"),
    bind(&[Key::Char('q'), Key::Ctrl('c')], Action::Quit, RUN, Group::Screen, "quit", "leave; asks what becomes of the run"),
    bind(&[Key::Char('q'), Key::Ctrl('c')], Action::Quit, &[Place::Home, Place::Browse], Group::Screen, "quit", "leave; what runs goes on"),
    bind(&[Key::Char('i')], Action::Inspect, &[Place::Home], Group::Screen, "all runs", "all runs of this checkout, ISO-Bench's own too, as a tree"),
    bind(&[Key::Char('/')], Action::Find, &[Place::Browse], Group::Move, "filter", "only what has this text: ids, commits, paths, classes"),
    bind(&[Key::Char('F')], Action::Filters, &[Place::Browse], Group::Move, "filters", "only some statuses, rungs, classes, levels, agents"),
    bind(&[Key::Char('x')], Action::ClearFilters, &[Place::Browse], Group::Move, "show all", "show everything again"),
    bind(&[Key::Char('s')], Action::Sort, &[Place::Browse], Group::Move, "sort", "by time, by tokens, by level, by name"),
    bind(&[Key::Char('C')], Action::Compare, &[Place::Browse], Group::Item, "compare", "mark an item; C on a second one lays both side by side"),
    bind(&[Key::Char('r')], Action::LookAgain, &[Place::Browse], Group::Screen, "look again", "look at the folder again"),
    bind(&[Key::Char('0')], Action::Home, &[Place::Browse], Group::Screen, "start screen", "the start screen"),
    bind(&[Key::Char('z')], Action::FoldAll, &[Place::Browse], Group::Move, "fold all", "unfold all, or fold all runs"),
    bind(&[Key::Right, Key::Char('l')], Action::Right, &[Place::Browse], Group::Move, "", "unfold, and into it; fold, and out of it"),
    bind(&[Key::Left, Key::Char('h')], Action::Left, &[Place::Browse], Group::Move, "", ""),
    bind(&[Key::Char('c')], Action::Continue, RUN, Group::Run, "continue", "start a runner for a run that has none"),
    bind(&[Key::Char('c')], Action::Continue, &[Place::Home], Group::Run, "continue", "continue the selected run: start a runner for it, and open it"),
    bind(&[Key::Enter], Action::Open, &[Place::Home, Place::Browse, Place::Queue, Place::Results], Group::Screen, "open", "open what is selected"),
    bind(&[Key::Char('r')], Action::LookAgain, &[Place::Home], Group::Run, "look again", "look at plan, agent and machine again"),
    bind(&[Key::Enter], Action::Open, &[Place::Agent], Group::Screen, "unfold", "unfold it, or fold it again"),
    bind(&[Key::Esc, Key::Backspace], Action::Back, RUN, Group::Screen, "back", "close what is open; back to the queue"),
    bind(&[Key::Esc, Key::Backspace], Action::Back, &[Place::Home, Place::Browse], Group::Screen, "back", "close what is open"),
    bind(&[Key::Char(' ')], Action::Pause, RUN, Group::Run, "pause", "pause after the live stage; resume"),
    bind(&[Key::Char('/')], Action::Find, SEARCHED, Group::Move, "find", "search here; Tab: regular expression"),
    bind(&[Key::Char('n')], Action::FindNext, SEARCHED, Group::Move, "next match", "the next match, the one before"),
    bind(&[Key::Char('N')], Action::FindPrevious, SEARCHED, Group::Move, "", ""),
    bind(&[Key::Char('[')], Action::PreviousSource, &[Place::Log], Group::Move, "other log", "the log before, the next one"),
    bind(&[Key::Char(']')], Action::NextSource, &[Place::Log], Group::Move, "", ""),
    bind(&[Key::Char(']')], Action::NextFinding, &[Place::Agent], Group::Move, "finding", "the next finding, the one before"),
    bind(&[Key::Char('[')], Action::PreviousFinding, &[Place::Agent], Group::Move, "", ""),
    bind(&[Key::Char(')')], Action::NextEdit, &[Place::Agent], Group::Move, "edit", "an edit: next, before"),
    bind(&[Key::Char('(')], Action::PreviousEdit, &[Place::Agent], Group::Move, "", ""),
    bind(&[Key::Char('>')], Action::NextRefusal, &[Place::Agent], Group::Move, "refused finish", "a refused finish: next, before"),
    bind(&[Key::Char('<')], Action::PreviousRefusal, &[Place::Agent], Group::Move, "", ""),
    bind(&[Key::Char('.')], Action::NextCall, &[Place::Agent], Group::Move, "tool call", "a tool call: next, before"),
    bind(&[Key::Char(',')], Action::PreviousCall, &[Place::Agent], Group::Move, "", ""),
    bind(&[Key::Char('o')], Action::NextBeside, &[Place::Agent], Group::Move, "beside", "what stands beside them"),
    bind(&[Key::Char('O')], Action::PreviousBeside, &[Place::Agent], Group::Move, "", ""),
    bind(&[Key::Char('+')], Action::FindingRight, &[Place::Agent], Group::Item, "right", "the finding is right, or wrong"),
    bind(&[Key::Char('-')], Action::FindingWrong, &[Place::Agent], Group::Item, "wrong", ""),
    bind(&[Key::Char('o')], Action::NextHalf, MACHINE, Group::Screen, "other part", "GPUs and curves, processes, disks and images: the next of them"),
    bind(&[Key::Char('a')], Action::NextCurves, MACHINE, Group::Screen, "all GPUs", "all curves of one GPU, or one curve of all: utilisation, memory, power, temperature, clock"),
    bind(&[Key::Char('+')], Action::ZoomIn, MACHINE, Group::Move, "zoom", "shorter columns, longer ones: from a second to half an hour"),
    bind(&[Key::Char('-')], Action::ZoomOut, MACHINE, Group::Move, "", ""),
    bind(&[Key::Char('z')], Action::WholeRun, MACHINE, Group::Move, "whole run", "the whole run in one picture"),
    bind(&[Key::Char(']')], Action::NextMark, MACHINE, Group::Move, "marks", "the cursor to the next border of a stage, error or throttling; to the one before"),
    bind(&[Key::Char('[')], Action::PreviousMark, MACHINE, Group::Move, "", ""),
    bind(&[Key::Enter], Action::Open, MACHINE, Group::Screen, "its log", "the log of the stage under the cursor at that second; of an agent its step"),
    bind(&[Key::Char('o')], Action::NextGrouping, RESULTS, Group::Move, "group by", "grouped by class, type, rung, failure, quadrant, agent: the next of them, the one before"),
    bind(&[Key::Char('O')], Action::PreviousGrouping, RESULTS, Group::Move, "", ""),
    bind(&[Key::Char(']')], Action::NextGroup, RESULTS, Group::Move, "group", "only the next group, the one before; past the last one all"),
    bind(&[Key::Char('[')], Action::PreviousGroup, RESULTS, Group::Move, "", ""),
    bind(&[Key::Char('f')], Action::OnlyGroup, RESULTS, Group::Move, "only its group", "only the group of the selected item; all again"),
    bind(&[Key::Char('s')], Action::Sort, RESULTS, Group::Move, "sort", "by the next column: vs human, vs baseline, class, rung, type, item"),
    bind(&[Key::Char('i')], Action::Reverse, RESULTS, Group::Move, "other way", "the same order, the other way round"),
    bind(&[Key::Char('a')], Action::EveryRun, RESULTS, Group::Move, "all runs", "earlier runs of this checkout as well; this run alone"),
    bind(&[Key::Char('s')], Action::Skip, ITEMS, Group::Item, "skip", "skip the item (asks)"),
    bind(&[Key::Char('r')], Action::RetryStage, SELECTED, Group::Item, "retry stage", "run the stage that failed again, with what the stages before it left"),
    bind(&[Key::Char('R')], Action::Retry, SELECTED, Group::Item, "retry item", "run the item again from its first stage"),
    bind(&[Key::Char('x')], Action::Stop, RUN, Group::Run, "stop stage", "end the live stage (asks)"),
    bind(&[Key::Char('D')], Action::Prune, RUN, Group::Run, "prune", "free disk: first look at which docker images would go, and why"),
    bind(&[Key::Char('P')], Action::Freeze, RUN, Group::Run, "freeze", "freeze the live stage's processes now (asks, says what it costs); thaw them"),
    bind(&[Key::Char('f')], Action::Follow, ITEMS, Group::Move, "follow", "follow: live item, newest step or line"),
    bind(&[Key::Char('e')], Action::NextProblem, SELECTED, Group::Move, "next error", "what went wrong next, and before"),
    bind(&[Key::Char('E')], Action::PreviousProblem, SELECTED, Group::Move, "", ""),
    bind(&[Key::Char('d')], Action::Detach, RUN, Group::Screen, "detach", "leave the screen; the run goes on"),
    bind(&[Key::Char(':')], Action::Command, RUN, Group::Screen, "command", "do something by its name"),
    bind(&[Key::Char('w')], Action::Since, RUN, Group::Screen, "since last look", "what happened since your last look"),
    bind(&[Key::Char('J')], Action::MoveDown, &[Place::Queue], Group::Item, "move down", "move it down, or up"),
    bind(&[Key::Char('K')], Action::MoveUp, &[Place::Queue], Group::Item, "move up", ""),
    bind(&[Key::Char('H')], Action::Hold, RUN, Group::Run, "hold", "hold on failure: pause the queue and keep the worktree"),
    bind(&[Key::Char('z')], Action::Whole, &[Place::Agent], Group::Move, "all lines", "every line of a step, or of long texts their beginnings and ends"),
    bind(&[Key::Char('Z')], Action::FoldAll, &[Place::Agent], Group::Move, "fold all", "unfold all, or fold all"),
    bind(&[Key::Char('1')], Action::Show(Screen::Queue), RUN, Group::Screen, "queue", "the queue"),
    bind(&[Key::Char('2')], Action::Show(Screen::Agent), RUN, Group::Screen, "agent", "what the agent did"),
    bind(&[Key::Char('3')], Action::Show(Screen::Benchmark), RUN, Group::Screen, "benchmark", "the arms, live and side by side; ladder, numbers and verdict"),
    bind(&[Key::Char('4')], Action::Show(Screen::Machine), RUN, Group::Screen, "machine", "GPUs and their curves, processes, disks, docker images, pull and prune"),
    bind(&[Key::Char('5')], Action::Show(Screen::Results), RUN, Group::Screen, "results", "what came of all items: by class, type, rung, failure, quadrant, agent"),
    bind(&[Key::Char('6')], Action::Show(Screen::Log), RUN, Group::Screen, "log", "logs of the stages and of the runner"),
    bind(&[Key::Char('0')], Action::Home, RUN, Group::Screen, "start screen", "the start screen: other runs, new ones"),
    bind(&[Key::Tab], Action::NextScreen, RUN, Group::Screen, "next screen", "the next screen, the one before"),
    bind(&[Key::BackTab], Action::PreviousScreen, RUN, Group::Screen, "", ""),
    bind(&[Key::Tab, Key::Right, Key::Char('l')], Action::NextSource, &[Place::Home], Group::Run, "agent", "another agent for the plan, the one before"),
    bind(&[Key::BackTab, Key::Left, Key::Char('h')], Action::PreviousSource, &[Place::Home], Group::Run, "", ""),
    bind(&[Key::Char('}')], Action::NextItem, ITEM, Group::Move, "next item", "the next item, the one before"),
    bind(&[Key::Char('{')], Action::PreviousItem, ITEM, Group::Move, "", ""),
    bind(&[Key::Down, Key::Char('j')], Action::Down, ALL, Group::Move, "", "a line down, a line up"),
    bind(&[Key::Up, Key::Char('k')], Action::Up, ALL, Group::Move, "", ""),
    bind(&[Key::Right, Key::Char('l')], Action::Right, RUN, Group::Move, "", "into it, out of it; along a long line"),
    bind(&[Key::Left, Key::Char('h')], Action::Left, RUN, Group::Move, "", ""),
    bind(&[Key::PageDown, Key::Ctrl('d'), Key::Ctrl('f')], Action::PageDown, ALL, Group::Move, "more", "a page down, a page up"),
    bind(&[Key::PageUp, Key::Ctrl('u'), Key::Ctrl('b')], Action::PageUp, ALL, Group::Move, "", ""),
    bind(&[Key::Char('g'), Key::Home], Action::First, ALL, Group::Move, "", "to the beginning, to the end"),
    bind(&[Key::Char('G'), Key::End], Action::Last, ALL, Group::Move, "", ""),
    bind(&[Key::Char('y')], Action::Copy, READ, Group::Out, "copy", "copy what is under the cursor to the terminal's clipboard (OSC 52)"),
    bind(&[Key::Char('y')], Action::Copy, &[Place::Browse], Group::Out, "copy", "copy the path of what is selected to the terminal's clipboard (OSC 52)"),
    bind(&[Key::Char('Y')], Action::CopyAll, RUN, Group::Out, "copy all", "copy all: the steps as Markdown, the log, the result, the table"),
    bind(&[Key::Char('Y')], Action::CopyAll, &[Place::Browse], Group::Out, "copy all", "copy the list as it is shown"),
    bind(&[Key::Char('Y')], Action::CopyAll, COMPARE, Group::Out, "copy all", "copy the whole comparison"),
    bind(&[Key::Char('v')], Action::Page, RUN, Group::Out, "pager", "open it in $PAGER: a masked copy, removed afterwards"),
    bind(&[Key::Char('v')], Action::Page, &[Place::Browse], Group::Out, "pager", "open the item's steps in $PAGER: a masked copy, removed afterwards"),
    bind(&[Key::Char('v')], Action::Page, COMPARE, Group::Out, "pager", "open all of it in $PAGER: a masked copy, removed afterwards"),
    bind(&[Key::Char('V')], Action::Edit, TAKEN, Group::Out, "editor", "open it in $VISUAL or $EDITOR: a masked copy, removed afterwards"),
    bind(&[Key::Char('S')], Action::Save, TAKEN, Group::Out, "save", "save it as Markdown in the folder you started in"),
    bind(&[Key::Char('q'), Key::Ctrl('c')], Action::Quit, COMPARE, Group::Screen, "leave", "leave the comparison"),
    bind(&[Key::Esc, Key::Backspace], Action::Back, COMPARE, Group::Screen, "back", "close what is open; leave the comparison"),
    bind(&[Key::Tab], Action::NextScreen, COMPARE, Group::Screen, "next part", "steps, patches, figures: the next of them, the one before"),
    bind(&[Key::BackTab], Action::PreviousScreen, COMPARE, Group::Screen, "", ""),
    bind(&[Key::Enter], Action::Open, COMPARE, Group::Screen, "lay out", "lay out the steps under the cursor, or close them"),
    bind(&[Key::Char(']')], Action::NextDifference, COMPARE, Group::Move, "difference", "the next difference, the one before"),
    bind(&[Key::Char('[')], Action::PreviousDifference, COMPARE, Group::Move, "", ""),
    bind(&[Key::Char('}')], Action::NextItem, COMPARE, Group::Move, "", "the next step that both took, the next file; the one before"),
    bind(&[Key::Char('{')], Action::PreviousItem, COMPARE, Group::Move, "", ""),
    bind(&[Key::Right, Key::Char('l')], Action::Right, COMPARE, Group::Move, "", "along long lines, back again"),
    bind(&[Key::Left, Key::Char('h')], Action::Left, COMPARE, Group::Move, "", ""),
    bind(&[Key::Char('s'), Key::Char('x')], Action::Swap, COMPARE, Group::Screen, "swap", "change the sides"),
    bind(&[Key::Char('C')], Action::Compare, SELECTED, Group::Item, "compare", "compare the item with the human's commit, or with another attempt of it"),
    bind(&[Key::Char('b')], Action::Bell, RUN, Group::Run, "bell", "the bell for a stuck agent: off, or on"),
    bind(&[Key::Char('m')], Action::Mouse, ALL, Group::Screen, "mouse", "leave the mouse to the terminal, or take it"),
    bind(&[Key::Char('T')], Action::NextTheme, ALL, Group::Screen, "theme", "the next theme"),
    bind(&[Key::Ctrl('l')], Action::Redraw, ALL, Group::Screen, "redraw", "draw the screen anew"),
    bind(&[Key::Ctrl('z')], Action::Suspend, ALL, Group::Screen, "suspend", "to the shell, until fg; the run goes on"),
];

/// What the footer names, the most useful first, as far as there is room. What the run's state calls for comes before all of
/// it (`verbs::is_called_for`), and the last keys of the row are always those of `PINNED`.
#[rustfmt::skip]
pub const FOOTER: &[Action] = &[
    Action::Continue, Action::Prune, Action::Open, Action::FindingRight, Action::FindingWrong, Action::Back, Action::NextFinding, Action::PreviousSource, Action::NextSource, Action::LookAgain, Action::NextProblem,
    Action::RetryStage, Action::NextHalf, Action::NextMark, Action::ZoomIn, Action::WholeRun, Action::NextCurves, Action::NextGrouping, Action::NextGroup, Action::OnlyGroup, Action::Sort, Action::Find, Action::FindNext, Action::NextBeside, Action::NextEdit, Action::NextRefusal, Action::PageDown, Action::Inspect, Action::Follow, Action::Detach, Action::Command, Action::Pause,
    Action::Skip, Action::Stop, Action::Freeze, Action::Retry, Action::MoveUp, Action::Hold, Action::NextDifference, Action::NextScreen, Action::Swap,
];

/// The same in the browser.
#[rustfmt::skip]
pub const BROWSE_FOOTER: &[Action] = &[
    Action::ClearFilters, Action::LookAgain, Action::Open, Action::Find, Action::Filters, Action::Sort, Action::Compare, Action::Back, Action::PageDown,
];

/// Keys that are named at the right end of the footer, whatever else there is.
pub const PINNED: [Action; 2] = [Action::Help, Action::Quit];

/// The bindings of a place that are named so, in this order.
pub fn named(place: Place, actions: &[Action]) -> impl Iterator<Item = &'static Binding> {
    let of =
        move |action: &Action| KEYMAP.iter().find(|binding| binding.action == *action && binding.is_in(place) && !binding.short.is_empty());
    actions.iter().filter_map(of)
}

impl Place {
    /// The place of a run's screen.
    pub const fn of(screen: Screen) -> Self {
        match screen {
            Screen::Queue => Self::Queue,
            Screen::Agent => Self::Agent,
            Screen::Benchmark => Self::Result,
            Screen::Machine => Self::Machine,
            Screen::Results => Self::Results,
            Screen::Log => Self::Log,
        }
    }
}

/// What a key means in a place.
pub fn action(place: Place, key: Key) -> Option<Action> {
    KEYMAP.iter().find(|binding| binding.is_in(place) && binding.keys.contains(&key)).map(|binding| binding.action)
}

impl Binding {
    /// Whether the key has this meaning there.
    pub fn is_in(&self, place: Place) -> bool {
        self.places.contains(&place)
    }

    /// The keys as the help writes them: `q Ctrl-C`; as many as fit so many columns, one at least.
    pub fn keys_label(&self, cols: usize) -> String {
        let mut label = String::new();
        for key in self.keys {
            let key = key.label();
            if !label.is_empty() && width::width(&label) + 1 + width::width(&key) > cols {
                break;
            }
            label.push_str(if label.is_empty() { "" } else { " " });
            label.push_str(&key);
        }
        label
    }

    /// The sentence of the help: a key that is told with the one before it has that one's.
    pub fn sentence(&self) -> &'static str {
        let before = |binding: &&Self| binding.keys != self.keys || binding.places != self.places;
        match self.help {
            "" => KEYMAP.iter().take_while(before).filter(|binding| !binding.help.is_empty()).last().map_or("", |first| first.help),
            help => help,
        }
    }
}

impl Group {
    /// Every part of the help, in order: first what a newcomer needs first.
    pub const ALL: [Self; 5] = [Self::Move, Self::Screen, Self::Run, Self::Item, Self::Out];

    /// Its heading.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Run => "Run",
            Self::Item => "Item",
            Self::Move => "Moving",
            Self::Screen => "Screen",
            Self::Out => "Out of the terminal",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_has_two_meanings_in_one_place() {
        for place in ALL.iter().copied() {
            let mut keys: Vec<Key> =
                KEYMAP.iter().filter(|binding| binding.is_in(place)).flat_map(|binding| binding.keys).copied().collect();
            let all = keys.len();
            keys.sort_by_key(|key| format!("{key:?}"));
            keys.dedup();
            assert_eq!(keys.len(), all, "{place:?}");
        }
    }

    #[test]
    fn every_key_has_a_sentence() {
        assert!(KEYMAP.iter().all(|binding| !binding.sentence().is_empty() && !binding.keys.is_empty()));
    }
}
