//! The keys, as data. The footer, the help and the dispatch are made from this one table.

use super::{Action, Key};

/// Where a key has its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Everywhere but over a question.
    Anywhere,
    /// In the list of items.
    Queue,
    /// In an opened item.
    Item,
}

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
}

/// Keys and what they do.
#[derive(Debug, Clone, Copy)]
pub struct Binding {
    /// Any of these.
    pub keys: &'static [Key],
    /// What they do.
    pub action: Action,
    /// Where.
    pub place: Place,
    /// Their part of the help.
    pub group: Group,
    /// In the footer, in a word or two; empty for keys that the footer does not name.
    pub short: &'static str,
    /// In the help, in a sentence.
    pub help: &'static str,
}

const fn bind(keys: &'static [Key], action: Action, place: Place, group: Group, short: &'static str, help: &'static str) -> Binding {
    Binding { keys, action, place, group, short, help }
}

/// Every key. The footer names them in this order, as far as there is room.
#[rustfmt::skip]
pub const KEYMAP: [Binding; 30] = [
    bind(&[Key::Char('?')], Action::Help, Place::Anywhere, Group::Screen, "help", "this help"),
    bind(&[Key::Char('q'), Key::Ctrl('c')], Action::Quit, Place::Anywhere, Group::Screen, "quit", "leave; asks what becomes of the run"),
    bind(&[Key::Char('c')], Action::Continue, Place::Anywhere, Group::Run, "continue", "start a runner for a run that has none"),
    bind(&[Key::Enter], Action::Open, Place::Queue, Group::Screen, "open", "open the item over the whole width"),
    bind(&[Key::Enter, Key::Char('l')], Action::Open, Place::Item, Group::Screen, "unfold", "unfold the step, or fold it again"),
    bind(&[Key::Esc], Action::Back, Place::Anywhere, Group::Screen, "back", "close what is open"),
    bind(&[Key::Tab], Action::NextPane, Place::Item, Group::Screen, "pane", "steps, output, result"),
    bind(&[Key::BackTab], Action::PreviousPane, Place::Item, Group::Screen, "", "the pane before"),
    bind(&[Key::Char('['), Key::Left], Action::PreviousStage, Place::Item, Group::Move, "stage", "the output of the stage before"),
    bind(&[Key::Char(']'), Key::Right], Action::NextStage, Place::Item, Group::Move, "", "the output of the next stage"),
    bind(&[Key::Char(' ')], Action::Pause, Place::Anywhere, Group::Run, "pause", "pause after the live stage; resume when paused or waiting"),
    bind(&[Key::Char('s')], Action::Skip, Place::Anywhere, Group::Item, "skip", "skip the item (asks)"),
    bind(&[Key::Char('r')], Action::RetryStage, Place::Anywhere, Group::Item, "retry stage", "run the stage that failed again, with what the stages before it left"),
    bind(&[Key::Char('R')], Action::Retry, Place::Anywhere, Group::Item, "retry item", "run the item again from its first stage"),
    bind(&[Key::Char('x')], Action::Stop, Place::Anywhere, Group::Run, "stop stage", "end the live stage (asks)"),
    bind(&[Key::Char('P')], Action::Freeze, Place::Anywhere, Group::Run, "freeze", "freeze the live stage's processes now (asks, says what it costs); thaw them"),
    bind(&[Key::Char('f')], Action::Follow, Place::Anywhere, Group::Move, "follow", "follow the live item and its newest step"),
    bind(&[Key::Char('d')], Action::Detach, Place::Anywhere, Group::Screen, "detach", "leave the screen; the run goes on"),
    bind(&[Key::Char('J')], Action::MoveDown, Place::Queue, Group::Item, "", "move the item down the queue"),
    bind(&[Key::Char('K')], Action::MoveUp, Place::Queue, Group::Item, "move", "move the item up the queue"),
    bind(&[Key::Char('h')], Action::Hold, Place::Anywhere, Group::Run, "hold", "hold on failure: pause the queue and keep the worktree"),
    bind(&[Key::Down, Key::Char('j')], Action::Down, Place::Anywhere, Group::Move, "", "one line down"),
    bind(&[Key::Up, Key::Char('k')], Action::Up, Place::Anywhere, Group::Move, "", "one line up"),
    bind(&[Key::PageDown, Key::Ctrl('d')], Action::PageDown, Place::Anywhere, Group::Move, "more", "a page down"),
    bind(&[Key::PageUp, Key::Ctrl('u')], Action::PageUp, Place::Anywhere, Group::Move, "", "a page up"),
    bind(&[Key::Char('g'), Key::Home], Action::First, Place::Anywhere, Group::Move, "", "to the beginning"),
    bind(&[Key::Char('G'), Key::End], Action::Last, Place::Anywhere, Group::Move, "", "to the end"),
    bind(&[Key::Right, Key::Char('l')], Action::Open, Place::Queue, Group::Screen, "", "open the item"),
    bind(&[Key::Backspace], Action::Back, Place::Anywhere, Group::Screen, "", "close what is open"),
    bind(&[Key::Ctrl('z')], Action::Suspend, Place::Anywhere, Group::Screen, "", "to the shell, until fg; the run goes on"),
];

/// What a key means in a place.
pub fn action(place: Place, key: Key) -> Option<Action> {
    KEYMAP.iter().find(|binding| binding.is_in(place) && binding.keys.contains(&key)).map(|binding| binding.action)
}

impl Binding {
    /// Whether the key has this meaning there.
    pub fn is_in(&self, place: Place) -> bool {
        self.place == Place::Anywhere || self.place == place
    }

    /// The keys as the help writes them: `q, Ctrl-C`.
    pub fn keys_label(&self) -> String {
        self.keys.iter().map(|key| key.label()).collect::<Vec<_>>().join(", ")
    }
}

impl Group {
    /// Every part of the help, in order.
    pub const ALL: [Self; 4] = [Self::Run, Self::Item, Self::Move, Self::Screen];

    /// Its heading.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Run => "Run",
            Self::Item => "Item",
            Self::Move => "Moving",
            Self::Screen => "Screen",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_has_two_meanings_in_one_place() {
        for place in [Place::Queue, Place::Item] {
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
        assert!(KEYMAP.iter().all(|binding| !binding.help.is_empty() && !binding.keys.is_empty()));
    }
}
