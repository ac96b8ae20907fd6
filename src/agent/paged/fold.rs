//! Steps of formats in which one line stands behind the other.

use rustc_hash::{FxHashMap, FxHashSet};

use super::skim::{Exec, What, Word};

/// One transcript, as far as its lines were looked at.
#[derive(Debug, Default)]
pub(super) struct Flat {
    /// Messages of the model that were begun.
    messages: FxHashSet<Word>,
    /// The model was asked again, or for the first time; nothing that it does would begin a step otherwise.
    turn: Turn,
    // what follows is of `codex exec` alone
    /// Calls of the last step that did not come back, and whether one did.
    open: FxHashSet<Word>,
    came_back: bool,
    /// The last step has a call.
    has_call: bool,
    /// Every call so far.
    known: FxHashSet<Word>,
    threads: u64,
}

/// Where the model is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Turn {
    /// It did nothing yet.
    #[default]
    First,
    /// Between two of its turns.
    Between,
    /// In one of them.
    In,
}

impl Flat {
    /// Whether a step begins with this line.
    pub(super) fn take(&mut self, what: What) -> bool {
        match what {
            What::Message(0) => true,
            What::Message(id) => self.messages.insert(id),
            What::Between => {
                self.asked();
                false
            }
            What::Turn => self.turn(false),
            What::Exec(event) => self.exec(event),
            What::Again | What::Session(_) => false,
        }
    }

    fn turn(&mut self, is_asked: bool) -> bool {
        let begins = self.turn != Turn::In || self.came_back || is_asked;
        if begins {
            (self.turn, self.came_back, self.has_call) = (Turn::In, false, false);
            self.open.clear();
        }
        begins
    }

    /// The model is asked, again or first.
    fn asked(&mut self) {
        if self.turn == Turn::In {
            self.turn = Turn::Between;
        }
    }

    fn exec(&mut self, event: Exec) -> bool {
        match event {
            Exec::Asked => {
                self.asked();
                false
            }
            Exec::Thread => {
                self.asked();
                self.threads += 1;
                false
            }
            Exec::Says => self.turn(self.has_call),
            Exec::Calls(id) => self.calls(id),
            Exec::Answers(id) => {
                self.answers(id);
                false
            }
            Exec::Did(id) => self.did(id),
            Exec::Item(id, is_end) => {
                let id = self.of_thread(id);
                let begins = !(id != 0 && self.known.contains(&id)) && self.calls(id);
                if is_end {
                    self.answers(id);
                }
                begins
            }
            Exec::ItemDone(id) => self.did(self.of_thread(id)),
        }
    }

    /// The numbers of items begin again in each thread.
    const fn of_thread(&self, id: Word) -> Word {
        if id == 0 || self.threads < 2 { id } else { id.wrapping_add(self.threads.wrapping_mul(0x9E37_79B9_7F4A_7C15)) }
    }

    fn calls(&mut self, id: Word) -> bool {
        let begins = self.turn(false);
        self.open.insert(id);
        self.has_call |= id == 0 || self.known.insert(id);
        begins
    }

    fn answers(&mut self, id: Word) {
        self.came_back |= id != 0 && self.open.remove(&id);
        if id == 0 || !self.known.contains(&id) {
            // a call that nobody saw
            self.has_call |= self.turn != Turn::First;
            if id != 0 && self.turn != Turn::First {
                self.known.insert(id);
            }
        }
    }

    fn did(&mut self, id: Word) -> bool {
        let begins = self.calls(id);
        if id == 0 {
            self.came_back = true;
        } else {
            self.answers(id);
        }
        begins
    }
}

/// A map from ids.
pub(super) type Map<T> = FxHashMap<Word, T>;
