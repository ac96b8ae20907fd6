//! The comparison, and who reads both sides for it.

use std::convert::Infallible;
use std::path::PathBuf;

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use tokio::sync::oneshot;

use super::apart::{self, Laid, Staged};
use super::console::Console;
use super::outside::{From, Material, stem};
use super::setup::ScreenError;
use crate::host::clock;
use crate::text::mask::Masker;
use crate::theme::Theme;
use crate::ui::compare::{Compare, Left, Msg, News, Pair, What, told};
use crate::view;

/// What the comparison needs to know at its start.
#[derive(Debug)]
pub struct CompareSetup {
    /// Hides secrets.
    pub masker: Masker,
    /// The person's own folder for state; `None`: there is none.
    pub state_home: Option<PathBuf>,
    /// Both sides, once they are read; or why they can't be compared, in a sentence.
    pub pair: oneshot::Receiver<Result<Box<Pair>, String>>,
}

/// Shows the comparison until somebody leaves.
pub(super) async fn show(console: &mut Console, setup: CompareSetup) -> Result<Left, ScreenError> {
    let CompareSetup { masker, state_home, pair } = setup;
    apart::show(console, &mut At { state: Compare::new(masker, clock::now()), state_home, pair: Some(pair) }).await
}

struct At {
    state: Compare,
    state_home: Option<PathBuf>,
    /// `None` once it is read.
    pair: Option<oneshot::Receiver<Result<Box<Pair>, String>>>,
}

impl Staged for At {
    type Screen = Compare;
    const GONE: Left = Left::Gone;

    fn screen(&mut self) -> &mut Compare {
        &mut self.state
    }

    fn draw(&self, buffer: &mut Buffer, theme: &Theme, now: Timestamp) -> Laid<Compare> {
        view::compare::draw(buffer, &self.state, theme, now)
    }

    async fn news(&mut self) -> Msg {
        let Some(pair) = &mut self.pair else { return std::future::pending().await };
        let read = pair.await;
        self.pair = None;
        Msg::News(match read {
            Ok(Ok(pair)) => News::Read(pair),
            Ok(Err(says)) => News::Refused(says),
            Err(_) => News::Refused("isobench-tui itself failed at reading them: leave with q and try again".to_owned()),
        })
    }

    fn wish(&mut self, wish: Infallible) -> Option<Msg> {
        match wish {}
    }

    fn material(&self, what: What, _theme: &Theme, columns: u16) -> Material {
        let text = match (what, &self.state.pair) {
            (What::Row(text), _) => return Material { name: "the row".to_owned(), stem: "row".to_owned(), from: From::Text(text) },
            (What::All, Some(pair)) => told::text(pair, usize::from(columns)),
            (What::All, None) => String::new(),
        };
        let names = self.state.pair.as_ref().map(|pair| format!("{}.{}", pair.left.name, pair.right.name));
        Material { name: "the comparison".to_owned(), stem: stem(&names.unwrap_or_default()), from: From::Text(text) }
    }

    fn secrets(&self) -> (Masker, Option<PathBuf>) {
        (self.state.masker.clone(), self.state_home.clone())
    }
}
