//! A folder of results that grows: the three-way runner writes one arm after another, and prints what it does in between.

mod printed;

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use jiff::Timestamp;

use self::printed::{Arm, Printed};
use super::gone::Known;
use super::log::{Kind, LogFile, find};
use super::sight::{Lookout, Script, Sight, Wanted, option};
use super::{Around, Now, Says};
use crate::docker::containers::{Container, Docker, Wish};
use crate::domain::{ItemId, Stage, StageEnd, StageOutcome, is_same_commit};
use crate::import::facts::Teller;
use crate::import::results::{Commit, Folder};
use crate::import::safe;
use crate::import::walk;
use crate::ledger::fact::AttemptEnd;
use crate::ledger::{Fact, PlannedItem};
use crate::text::clean;
use crate::text::mask::Masker;

/// Seconds that the runner gives a benchmark, where nobody said otherwise.
const TIMEOUT_S: u64 = 900;

/// Every so many looks it is asked who works here.
const SELDOM: u64 = 4;

/// A folder of results, followed.
#[derive(Debug)]
pub struct ThreeWay {
    folder: PathBuf,
    around: Around,
    masker: Masker,
    /// The files as they were, and what they say.
    files: HashMap<PathBuf, (SystemTime, u64)>,
    read: Option<Folder>,
    printed: Printed,
    log: Option<LogFile>,
    lookout: Lookout,
    sight: Sight,
    docker: Option<Docker>,
    /// Where the arms' output is kept for the screen.
    kept: Option<PathBuf>,
    looks: u64,
    known: Known,
}

/// The arm that is measured now.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Live {
    commit: String,
    stage: Stage,
    since: Option<Timestamp>,
    container: Option<Container>,
}

/// Whether a folder holds results.
pub fn is_results(folder: &Path) -> bool {
    fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .any(|path| walk::is_result(&path) || walk::is_modal(&path))
}

impl ThreeWay {
    /// Of a folder of results.
    pub fn new(folder: PathBuf, around: Around, masker: Masker) -> Self {
        Self {
            log: around.log.clone().map(LogFile::new),
            folder,
            around,
            masker,
            files: HashMap::new(),
            read: None,
            printed: Printed::default(),
            lookout: Lookout::default(),
            sight: Sight::Absent(String::new()),
            docker: None,
            kept: None,
            looks: 0,
            known: Known::default(),
        }
    }

    /// Keeps what the arms printed below a folder of ours, for the screen to show.
    pub fn keep_output(&mut self, folder: PathBuf) {
        self.kept = Some(folder);
    }

    /// How people call it.
    pub fn name(&self) -> String {
        self.read.as_ref().map_or_else(|| walk::called(&self.folder, 2), |read| read.name.clone())
    }

    /// Looks at the files, at what the runner printed, and at the containers.
    pub fn look(&mut self, now: Timestamp) -> Now {
        if let Some(last) = self.known.instead(&self.folder, now) {
            return last;
        }
        let now = self.results(now);
        self.known.keep(&now);
        now
    }

    fn results(&mut self, now: Timestamp) -> Now {
        let is_new = self.read_files();
        if self.looks.is_multiple_of(SELDOM) {
            self.ask_around(now);
        }
        self.looks += 1;
        if let Some(log) = &mut self.log {
            let lines = log.lines().unwrap_or_default();
            let at = log.changed.and_then(|changed| Timestamp::try_from(changed).ok()).unwrap_or(now);
            self.printed.take(&lines, at);
        }
        if self.docker.is_none() && !matches!(self.sight, Sight::Absent(_)) && self.script() == Script::ThreeWay {
            // without a thread for it there are no containers
            self.docker = Docker::start(self.masker.clone()).ok();
        }
        let live = self.live();
        let is_left = matches!(self.sight, Sight::Absent(_));
        let items = self.keep(live.as_ref(), is_new);
        let (at, of) = self.printed.progress();
        Now {
            run: safe(self.fold(live.as_ref()), &self.masker),
            items,
            log: self.log.as_ref().map(|log| log.path.clone()),
            max_steps: None,
            sight: self.sight.clone(),
            says: self.says(live.as_ref()),
            // what it skips has its results
            unnamed: if is_left { 0 } else { of.saturating_sub(at) },
            is_catching_up: false,
            gone: None,
        }
    }

    /// Reads the results, where any changed. Whether one did.
    fn read_files(&mut self) -> bool {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let stamp = |path: &Path| {
            // a folder of one commit does not change with the file in it
            let file = path.join(walk::MODAL);
            let there = fs::metadata(if file.is_file() { &file } else { path }).ok()?;
            Some((there.modified().ok()?, there.len()))
        };
        let results = entries.map(|entry| entry.path()).filter(|path| walk::is_result(path) || path.is_dir());
        let files: HashMap<PathBuf, (SystemTime, u64)> = results.filter_map(|path| Some((path.clone(), stamp(&path)?))).collect();
        if files == self.files && self.read.is_some() {
            return false;
        }
        self.files = files;
        let found = walk::walk(std::slice::from_ref(&self.folder));
        // a file that is half written is read again when it changes
        let mut problems = Vec::new();
        let mut folders = crate::import::results(&found.results, &[], &mut problems);
        folders.sort_by_key(|(path, _)| *path != self.folder);
        self.read = folders.into_iter().next().map(|(_, read)| read);
        for problem in problems {
            self.files.remove(&problem.path);
        }
        true
    }

    /// Who makes what changed last: the older runner keeps a folder a commit, and works in the cloud.
    fn script(&self) -> Script {
        let newest = self.files.iter().max_by_key(|(_, (written, _))| *written);
        if newest.is_some_and(|(path, _)| walk::is_modal(path)) { Script::Hero } else { Script::ThreeWay }
    }

    fn ask_around(&mut self, now: Timestamp) {
        let mut folders: Vec<PathBuf> =
            self.around.checkout.iter().flat_map(|checkout| [checkout.repo_root.clone(), checkout.root.clone()]).collect();
        folders.extend(self.folder.ancestors().filter(|above| above.join("scripts/runners").is_dir()).map(Path::to_owned));
        folders.dedup();
        let newest = self.files.values().map(|(written, _)| *written).max();
        let wanted = Wanted { what: self.script(), folders: &folders, on: &self.folder };
        self.sight = self.lookout.look(&wanted, newest, now);
        if self.log.is_none() {
            let beside = self.folder.ancestors().take(3).map(Path::to_owned);
            let process = if let Sight::Alive(program) = &self.sight { program.folder.clone() } else { None };
            let folders: Vec<PathBuf> = process.into_iter().chain(folders).chain(beside).collect();
            self.log = find(&folders, Kind::ThreeWay, &self.folder).map(LogFile::new);
        }
    }

    fn commits(&self) -> &[Commit] {
        self.read.as_ref().map(|read| read.commits.as_slice()).unwrap_or_default()
    }

    /// The containers of the benchmark, the newest first.
    fn containers(&self) -> Vec<Container> {
        let Some(Some(Ok(all))) = self.docker.as_ref().map(Docker::seen) else { return Vec::new() };
        all.into_iter().filter(|container| stage_of(container).is_some()).collect()
    }

    /// The arm under way: by the container that runs, by what the runner printed.
    fn live(&self) -> Option<Live> {
        let container = self.containers().into_iter().next();
        let printed = self.printed.under_way().filter(|arm| !self.is_measured(arm));
        let seen = container.and_then(|container| {
            let (stage, sha) = stage_of(&container)?;
            let known = |commit: &&Commit| match stage {
                Stage::Human => is_same_commit(&commit.human, sha),
                _ => is_same_commit(&commit.parent, sha),
            };
            let of_file = || self.commits().iter().find(known).map(|commit| commit.id.clone());
            let of_image = || (stage == Stage::Human && sha.len() >= 8).then(|| sha.chars().take(8).collect());
            let commit = printed.map(|arm| arm.commit.clone()).or_else(of_file).or_else(of_image)?;
            Some(Live { commit, stage, since: container.created, container: Some(container.clone()) })
        });
        let of_log = || printed.map(|arm| Live { commit: arm.commit.clone(), stage: arm.stage, since: Some(arm.since), container: None });
        seen.or_else(of_log).map(|live| Live { commit: self.id_of(&live.commit), ..live })
    }

    /// The id under which a commit is shown.
    fn id_of(&self, sha: &str) -> String {
        self.commits().iter().find(|commit| is_same_commit(&commit.id, sha)).map_or_else(|| clean::line(sha), |commit| commit.id.clone())
    }

    /// Whether an arm's result was written since it began.
    fn is_measured(&self, arm: &Arm) -> bool {
        let commit = self.commits().iter().find(|commit| is_same_commit(&commit.id, &arm.commit));
        let measured = commit.and_then(|commit| commit.arms.get(&arm.stage));
        measured.is_some_and(|measured| measured.at.is_none_or(|at| at.as_second() >= arm.since.as_second() - 1))
    }

    fn fold(&self, live: Option<&Live>) -> crate::model::Run {
        let empty = Folder::of(&self.folder, Vec::new(), None);
        let read = self.read.as_ref().unwrap_or(&empty);
        let mut teller = Teller::default();
        let mut plan = read.plan();
        let more = self.printed.seen().chain(live.map(|live| live.commit.as_str())).map(|sha| self.id_of(sha));
        for id in more {
            if !plan.items.iter().any(|known| known.item.0 == id) {
                plan.items.push(PlannedItem { human: id.clone(), item: ItemId(id), parent: String::new(), blocked: None });
            }
        }
        let is_empty = plan.items.is_empty();
        let order = read.in_time();
        let first = order.first().and_then(|commit| commit.began()).or_else(|| live.and_then(|live| live.since));
        teller.tell(first, Fact::RunCreated(plan));
        let is_live = |commit: &Commit| live.is_some_and(|live| live.commit == commit.id);
        for commit in order.iter().filter(|commit| !is_live(commit)) {
            commit.tell(&mut teller);
        }
        if let Some(live) = live {
            self.tell_live(&mut teller, order.iter().find(|commit| is_live(commit)).copied(), live);
        }
        let is_left = matches!(self.sight, Sight::Absent(_));
        if is_left && live.is_none() && !is_empty {
            teller.tell(None, Fact::RunFinished {});
        }
        teller.done()
    }

    fn tell_live(&self, teller: &mut Teller, known: Option<&Commit>, live: &Live) {
        let item = ItemId(live.commit.clone());
        let (n, stage) = (1, live.stage);
        match known {
            Some(commit) => commit.tell_arms(teller),
            None => teller.tell(live.since, Fact::AttemptStarted { item: item.clone(), n, from: stage }),
        }
        let program = if let Sight::Alive(program) = &self.sight { Some(&**program) } else { None };
        let seconds = program.map(|program| option(&program.arguments, &["--timeout"]).and_then(|s| s.parse().ok()).unwrap_or(TIMEOUT_S));
        let budget_ms = seconds.map(|seconds: u64| seconds.saturating_mul(1000));
        teller.tell(live.since, Fact::StageStarting { item: item.clone(), n, stage, budget_ms });
        let pid = program.and_then(|program| u32::try_from(program.id.pid).ok()).unwrap_or_default();
        teller.tell(None, Fact::StageStarted { item: item.clone(), n, stage, pid });
        if matches!(self.sight, Sight::Absent(_)) && live.container.is_none() {
            let why = "its runner is gone, and wrote no result of this arm".to_owned();
            let end = StageEnd::Interrupted { why: why.clone() };
            let outcome = StageOutcome { end, child: None, duration_ms: 0, detail: crate::domain::StageDetail::Nothing };
            teller.tell(None, Fact::StageFinished { item: item.clone(), n, stage, outcome });
            teller.end(&item, n, None, AttemptEnd::Interrupted { why });
        }
    }

    /// Keeps what the arms printed where the screen finds it, and says where that is.
    fn keep(&self, live: Option<&Live>, is_new: bool) -> HashMap<ItemId, PathBuf> {
        let Some(kept) = &self.kept else { return HashMap::new() };
        let place = |id: &str| kept.join(id.chars().filter(char::is_ascii_alphanumeric).collect::<String>());
        let make = |id: &str| fs::DirBuilder::new().recursive(true).mode(0o700).create(place(id)).is_ok();
        let name = |stage: Stage| format!("{stage}_stdout.txt");
        for commit in self.commits().iter().filter(|commit| is_new && make(&commit.id)) {
            for (stage, measured) in &commit.arms {
                // what can't be kept is not shown, and nothing else is lost
                let _ = fs::write(place(&commit.id).join(name(*stage)), self.masker.mask(&measured.record.raw).as_bytes());
            }
        }
        if let Some(docker) = &self.docker {
            let wish = live.and_then(|live| {
                let container = live.container.as_ref()?.id.clone();
                make(&live.commit).then(|| Wish { container, file: place(&live.commit).join(name(live.stage)) })
            });
            docker.keep(wish);
        }
        let ids = self.commits().iter().map(|commit| commit.id.as_str()).chain(live.map(|live| live.commit.as_str()));
        ids.map(|id| (ItemId(id.to_owned()), place(id))).collect()
    }

    /// What stands in no fact.
    fn says(&self, live: Option<&Live>) -> Vec<Says> {
        let (at, of) = self.printed.progress();
        let place = (of > 0).then(|| format!("commit {at} of {of}"));
        let is_left = match &self.sight {
            Sight::Alive(_) | Sight::Unseen(_) => false,
            Sight::Absent(_) if live.is_some() || of > at => true,
            Sight::Absent(_) => return Vec::new(),
        };
        let trouble = match &self.sight {
            Sight::Absent(why) | Sight::Unseen(why) => Some(why.clone()),
            Sight::Alive(_) => None,
        };
        let container = live.and_then(|live| live.container.as_ref());
        let left_over = container.filter(|_| is_left).map(|container| {
            format!("container {} still runs without its runner: it may be left over, and holds GPU and port", container.name)
        });
        let engine = match self.docker.as_ref().and_then(Docker::seen) {
            Some(Err(error)) => Some(format!("{error}: what its containers print is not shown")),
            Some(Ok(_)) if container.is_none() && !is_left => Some("docker runs no container of this benchmark now".to_owned()),
            Some(Ok(_)) | None => None,
        };
        let shown = container.filter(|_| !is_left).map(|container| format!("container {} of {}", container.name, short(&container.image)));
        let notes: Vec<String> = [place, shown, engine].into_iter().flatten().collect();
        let note = (!notes.is_empty()).then(|| Says::Note(notes.join(" · ")));
        trouble.into_iter().chain(left_over).map(Says::Trouble).chain(note).map(|says| says.safe(&self.masker)).collect()
    }
}

/// An image with a tag that fits on a line.
fn short(image: &str) -> String {
    match image.rsplit_once(':') {
        Some((name, tag)) if tag.chars().count() > 21 => format!("{name}:{}…", tag.chars().take(12).collect::<String>()),
        _ => image.to_owned(),
    }
}

/// The arm that a container measures, and the commit in its image's tag: of `vllm-bench` the human's, of `vllm-baseline`
/// the parent's. The agent's arm differs from the baseline by the patch that is mounted.
fn stage_of(container: &Container) -> Option<(Stage, &str)> {
    let (name, tag) = container.image.rsplit_once(':').unwrap_or((container.image.as_str(), ""));
    let name = name.rsplit('/').next().unwrap_or(name);
    let is_agent = container.mounts.iter().any(|mount| mount == "/agent_patch.diff");
    match name {
        "vllm-bench" => Some((Stage::Human, tag)),
        "vllm-baseline" => Some((if is_agent { Stage::Candidate } else { Stage::Baseline }, tag.strip_prefix("baseline-").unwrap_or(tag))),
        "vllm-openai" if is_agent => Some((Stage::Candidate, "")),
        _ => None,
    }
}
