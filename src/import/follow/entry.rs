//! One item of a run that is followed: its attempts that are over, and the one under way.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use jiff::Timestamp;

use crate::agent::live::Reading;
use crate::artifact::{Journal, Prompt};
use crate::detect::Context;
use crate::detect::silence::Usual;
use crate::domain::{AttemptId, ItemId};
use crate::import::bytes::Scratch;
use crate::import::facts::moment;
use crate::import::item::{self, Against, Read};
use crate::import::walk::ItemDir;
use crate::ledger::Fact;
use crate::text::clean;
use crate::text::mask::Masker;
use crate::watch::folder::{Files, Place, Stamp};
use crate::watch::{Beat, Detection, Seen};

/// An item.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: ItemId,
    pub(super) folder: PathBuf,
    /// What lay in it at the last look.
    files: Option<Files>,
    /// When its journal was written by its own word, and the file that said so.
    written: Option<(Stamp, Option<SystemTime>)>,
    /// When the harness's log said that it is taken up.
    taken_up: Option<Timestamp>,
    /// The attempts that are over, the oldest first.
    pub(super) ended: Vec<Ended>,
    /// The one under way.
    pub(super) live: Option<LiveAttempt>,
}

/// An attempt that is over.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) read: Read,
    /// What the detectors say of it; `None`: they were not asked yet.
    pub(super) found: Option<Vec<Fact>>,
}

/// An attempt under way.
#[derive(Debug)]
pub(super) struct LiveAttempt {
    pub(super) place: Place,
    pub(super) files: Files,
    /// When it was taken up, where the log says so.
    pub(super) taken_up: Option<Timestamp>,
    pub(super) human: String,
    pub(super) parent: String,
    pub(super) agent: Agent,
}

/// What is known of an agent by its steps.
#[derive(Debug)]
pub(super) struct Agent {
    pub(super) reading: Reading,
    detection: Option<Detection>,
    /// What the detectors said so far.
    pub(super) found: Vec<Fact>,
}

/// What a look at an item needs.
pub(super) struct Look<'a> {
    pub(super) against: Against<'a>,
    pub(super) masker: &'a Masker,
    pub(super) scratch: &'a mut Scratch,
    pub(super) usual: &'a mut Usual,
    /// Milliseconds since boot.
    pub(super) up_ms: u64,
    /// What the detectors are told of limits.
    pub(super) max_ms: Option<u64>,
    /// Whether somebody works on the run.
    pub(super) is_at_work: bool,
}

impl Entry {
    pub(super) fn new(folder: PathBuf) -> Self {
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Self {
            id: ItemId(clean::shown(&name).into_owned()),
            folder,
            files: None,
            written: None,
            taken_up: None,
            ended: Vec::new(),
            live: None,
        }
    }

    /// Looks at its files. Whether anything is new.
    pub(super) fn look(&mut self, look: &mut Look<'_>, taken_up: Option<Timestamp>) -> bool {
        let Some(files) = Files::of(&self.folder) else {
            // somebody moved it away: what is known of its end stays known
            let was_live = self.live.take().is_some();
            return self.files.take().is_some() || was_live;
        };
        if self.files.as_ref() == Some(&files) && self.taken_up == taken_up {
            return self.live.as_mut().is_some_and(|live| live.agent.look(&self.folder, look, live.place != Place::Agent));
        }
        let written = self.written(&files);
        let mut place = files.newest_place(written);
        if place == Place::Over && !self.take_end(&files, look) {
            // half a journal
            place = Place::Finalising;
        }
        if place == Place::Over && is_taken_up_again(&files, taken_up) {
            // until its new prompt is there, only the log tells of the new attempt
            place = Place::Worktree;
        }
        self.taken_up = taken_up;
        if place == Place::Over {
            self.live = None;
        } else {
            if self.ended.is_empty() && files.is_retried(written) {
                self.ended.push(before(&self.folder, &files, look));
            }
            self.go_on(place, &files, look);
        }
        self.files = Some(files);
        true
    }

    /// The moment that the journal names, once a journal.
    fn written(&mut self, files: &Files) -> Option<SystemTime> {
        let stamp = files.journal?;
        match &self.written {
            Some((known, written)) if *known == stamp => *written,
            _ => {
                let journal = Journal::read(&self.folder.join(Journal::FILE)).ok();
                let written = journal.and_then(|journal| moment(journal.written?)).map(SystemTime::from);
                // one that could not be read yet is read again
                self.written = written.map(|written| (stamp, Some(written)));
                written
            }
        }
    }

    /// Takes the end of the attempt. False: its journal can't be read yet.
    fn take_end(&mut self, files: &Files, look: &mut Look<'_>) -> bool {
        let dir = ItemDir { path: self.folder.clone(), holds: files.holds.clone() };
        let read = item::read(&dir, look.against, look.scratch);
        if read.said.status == "unfinished" {
            return false;
        }
        let mut found = None;
        if let Some(live) = &mut self.live {
            live.agent.look(&self.folder, look, true);
            found = Some(std::mem::take(&mut live.agent.found));
        }
        // the same attempt may say more: its summary is written after its journal
        match self.ended.last_mut() {
            Some(last) if self.live.is_none() && last.read.written == read.written => last.read = read,
            _ => self.ended.push(Ended { read, found }),
        }
        true
    }

    fn go_on(&mut self, place: Place, files: &Files, look: &mut Look<'_>) {
        let n = u32::try_from(self.ended.len()).unwrap_or(u32::MAX).saturating_add(1);
        let is_another = |live: &LiveAttempt| live.files.prompt.is_some() && live.files.prompt != files.prompt;
        if self.live.as_ref().is_some_and(is_another) {
            // begun anew without an end: what was seen of the try before is no more
            self.live = None;
        }
        let (folder, id) = (&self.folder, &self.id);
        let live = self.live.get_or_insert_with(|| LiveAttempt {
            place,
            files: files.clone(),
            taken_up: None,
            human: String::new(),
            parent: String::new(),
            agent: Agent::default(),
        });
        (live.place, live.files) = (place, files.clone());
        live.taken_up = self.taken_up;
        if live.human.is_empty()
            && place != Place::Worktree
            && files.prompt.is_some()
            && let Ok(prompt) = Prompt::read(&folder.join(Prompt::FILE))
        {
            live.human = clean::line(&prompt.commits.human);
            live.parent = clean::line(&prompt.commits.pre);
        }
        if place != Place::Worktree {
            let attempt = AttemptId { item: id.clone(), n };
            live.agent.begin(&attempt, &live.human, &live.parent, look);
            live.agent.look(folder, look, place != Place::Agent);
        }
    }

    /// Asks the detectors about the newest attempt that is over, where nobody did. Whether there was one to ask about.
    pub(super) fn catch_up(&mut self, look: &mut Look<'_>) -> bool {
        let n = u32::try_from(self.ended.len()).unwrap_or(u32::MAX);
        let is_last = self.live.is_none();
        let Some(last) = self.ended.last_mut().filter(|last| last.found.is_none()) else { return false };
        last.found = Some(Vec::new());
        if !is_last {
            return true;
        }
        let mut agent = Agent::default();
        let attempt = AttemptId { item: self.id.clone(), n };
        agent.begin(&attempt, &last.read.human, &last.read.parent, look);
        let at_work = std::mem::replace(&mut look.is_at_work, false);
        agent.look(&self.folder, look, true);
        look.is_at_work = at_work;
        last.found = Some(agent.found);
        true
    }

    /// When anything changed in it.
    pub(super) fn newest(&self) -> Option<SystemTime> {
        self.files.as_ref().map(|files| files.newest)
    }
}

/// Whether the log took the item up after its journal was written. It counts whole seconds.
fn is_taken_up_again(files: &Files, taken_up: Option<Timestamp>) -> bool {
    let (Some(journal), Some(taken_up)) = (files.journal, taken_up) else { return false };
    Timestamp::try_from(journal.written).is_ok_and(|written| taken_up.as_second() > written.as_second())
}

/// The attempt before the one under way, by what is left of it.
fn before(folder: &Path, files: &Files, look: &mut Look<'_>) -> Ended {
    let dir = ItemDir { path: folder.to_owned(), holds: files.of_before(folder) };
    Ended { read: item::read(&dir, look.against, look.scratch), found: Some(Vec::new()) }
}

impl Default for Agent {
    fn default() -> Self {
        Self { reading: Reading::new(), detection: None, found: Vec::new() }
    }
}

impl Agent {
    fn begin(&mut self, attempt: &AttemptId, human: &str, parent: &str, look: &Look<'_>) {
        if self.detection.is_some() {
            return;
        }
        let clone = look.against.clone.map(|clone| if clone.join(".git").exists() { clone.join(".git") } else { clone.to_owned() });
        let context = Context { max_ms: look.max_ms, ..crate::watch::context(clone.as_deref(), parent, human) };
        self.detection = Some(Detection::new(attempt.clone(), context, None));
    }

    /// Reads on, hands what is new to the detectors, and listens whether it is silent. Whether anything is new.
    fn look(&mut self, folder: &Path, look: &mut Look<'_>, is_over: bool) -> bool {
        let before = self.found.len();
        let mut from = None;
        loop {
            // what can't be read now is read at the next look; the screen's own reader says why
            let news = self.reading.look(folder).ok().flatten();
            from = from.into_iter().chain(news.map(|news| news.from)).min();
            if !self.reading.is_behind() {
                break;
            }
        }
        let Some(detection) = &mut self.detection else { return from.is_some() };
        let seen = Seen { reading: &self.reading, from, is_over };
        match detection.take(&seen, look.masker) {
            Ok(facts) => self.found.extend(facts),
            Err(_panicked) => {
                // a rule of ours failed: nothing more is detected, and nothing else is lost
                self.detection = None;
                return true;
            }
        }
        if !is_over && look.is_at_work {
            let step = self.reading.steps().last().map_or(0, |step| step.index);
            let beat = Beat { up_ms: look.up_ms, is_frozen: false, is_heard: from.is_some(), step };
            self.found.extend(detection.listen(&beat, look.usual));
        }
        from.is_some() || self.found.len() > before
    }
}
