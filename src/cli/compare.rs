//! `inspect A --with B`: two attempts of one commit beside each other, or an agent's patch and the human's.

mod facts;
mod human;
mod load;
mod print;

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::thread;

use tokio::sync::oneshot;

use super::start::on_terminal;
use super::{Format, find, page, read, trajectory, usage};
use crate::exit::Exit;
use crate::host::environment;
use crate::shell::{Begin, CompareSetup, ScreenError, Sitting, themes};
use crate::text::mask::Masker;
use crate::ui::compare::{Left, Pair, Parted, Wanted, Who, told};

/// What is compared, and where the human's commit is looked for.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// The two sides.
    pub(super) wanted: Wanted,
    /// Of files with several runs the one of this instance.
    pub(super) instance: Option<String>,
    /// A clone that knows the human's commit; `None`: the one that the harness has.
    pub(super) clone: Option<PathBuf>,
    /// The harness folder, where one is named.
    pub(super) root: Option<PathBuf>,
}

impl Asked {
    fn paths(&self) -> impl Iterator<Item = &Path> {
        [&self.wanted.left, &self.wanted.right].into_iter().filter_map(|who| match who {
            Who::Path(path) => Some(path.as_path()),
            Who::Human => None,
        })
    }
}

/// What `--with` names.
pub(super) fn who(word: &Path) -> Who {
    if word == Path::new("human") { Who::Human } else { Who::Path(word.to_owned()) }
}

/// Opens the screen on a terminal, and prints where a form is asked for, or nobody sits there.
pub(super) fn compare(asked: &Asked, format: Option<Format>) -> anyhow::Result<Exit> {
    let masker = trajectory::masker(asked.root.as_deref(), asked.paths());
    if format.is_none() && on_terminal() {
        // what can't be compared is said before the terminal is taken
        let pair = match pair(asked, &masker) {
            Ok(pair) => pair,
            Err(says) => return Ok(usage(says)),
        };
        let mut sitting = match Sitting::take(environment::variable(themes::VARIABLE).as_deref()) {
            Ok(sitting) => sitting,
            Err(ScreenError::Themes(error)) => return Ok(usage(format!("{}: {error}", themes::VARIABLE))),
            Err(error) => return Err(error.into()),
        };
        let (tell, pair_read) = oneshot::channel();
        let _ = tell.send(Ok(Box::new(pair)));
        sitting.compare(CompareSetup { masker, state_home: find::state_home(), pair: pair_read })?;
        return Ok(Exit::Well);
    }
    let pair = match pair(asked, &masker) {
        Ok(pair) => pair,
        Err(says) => return Ok(usage(says)),
    };
    let mut out = BufWriter::new(std::io::stdout().lock());
    let told = match format.unwrap_or(Format::Text) {
        Format::Text => out.write_all(told::text(&pair, page::columns()).as_bytes()),
        Format::Json => print::json(&mut out, &pair),
    };
    read::written(told.and_then(|()| out.flush()))?;
    Ok(Exit::Well)
}

/// Shows the comparison on a terminal that is taken already, until somebody leaves it for what was shown before. `root`: the
/// harness folder, where one is known.
pub(super) fn show(sitting: &mut Sitting, left: Who, right: Who, root: Option<PathBuf>) -> anyhow::Result<Left> {
    let asked = Asked { wanted: Wanted { left, right }, instance: None, clone: None, root };
    let masker = trajectory::masker(asked.root.as_deref(), asked.paths());
    let (tell, pair_read) = oneshot::channel();
    let own = masker.clone();
    thread::Builder::new().name("compare".to_owned()).spawn(move || drop(tell.send(pair(&asked, &own).map(Box::new))))?;
    Ok(sitting.compare(CompareSetup { masker, state_home: find::state_home(), pair: pair_read })?)
}

/// The same for the screen of a run; where its reader comes back to, `None` where the terminal is gone.
pub(super) fn part(sitting: &mut Sitting, parted: Parted, root: Option<PathBuf>) -> anyhow::Result<Option<Begin>> {
    let Parted { wanted, screen, item } = parted;
    let left = show(sitting, wanted.left, wanted.right, root)?;
    Ok((left == Left::Back).then_some(Begin { screen, item: Some(item), ..Begin::default() }))
}

/// Reads both sides and lays them beside each other. The error is a sentence without secrets.
fn pair(asked: &Asked, masker: &Masker) -> Result<Pair, String> {
    load::pair(asked, masker).map_err(|says| masker.mask(&says).into_owned())
}
