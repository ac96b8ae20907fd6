//! The start screen with the worker that looks for runs and plans, and starts what is wished.

use std::convert::Infallible;
use std::path::PathBuf;

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use tokio::sync::mpsc;

use super::apart::{self, Laid, Staged};
use super::console::Console;
use super::outside::Material;
use super::setup::ScreenError;
use crate::text::mask::Masker;
use crate::theme::Theme;
use crate::ui::home::{Home, Left, Msg, Start, Wish};
use crate::view;

/// What the start screen needs to know at its start.
#[derive(Debug)]
pub struct HomeSetup {
    /// Where it looks.
    pub start: Start,
    /// Takes what is wished.
    pub wishes: mpsc::Sender<Wish>,
    /// What came of it, and what was found.
    pub news: mpsc::Receiver<Msg>,
}

/// Shows the start screen until somebody leaves.
pub(super) async fn show(console: &mut Console, setup: HomeSetup) -> Result<Left, ScreenError> {
    let HomeSetup { start, wishes, news } = setup;
    apart::show(console, &mut At { home: Home::new(start), wishes, news: Some(news) }).await
}

struct At {
    home: Home,
    wishes: mpsc::Sender<Wish>,
    news: Option<mpsc::Receiver<Msg>>,
}

impl Staged for At {
    type Screen = Home;
    const GONE: Left = Left::Quit;

    fn screen(&mut self) -> &mut Home {
        &mut self.home
    }

    fn draw(&self, buffer: &mut Buffer, theme: &Theme, now: Timestamp) -> Laid<Home> {
        view::home::draw(buffer, &self.home, theme, now)
    }

    async fn news(&mut self) -> Msg {
        const ENDED: &str = "the part that looks for runs and plans has ended: leave with q and start again";
        apart::next(&mut self.news, || Msg::Failed(ENDED.to_owned())).await
    }

    fn wish(&mut self, wish: Wish) -> Option<Msg> {
        // a worker that is so far behind would not be told more by one more wish
        let is_told = self.wishes.try_send(wish).is_ok();
        (!is_told).then(|| Msg::Failed("too much is asked for at once: wait a moment, then r".to_owned()))
    }

    fn material(&self, what: Infallible, _theme: &Theme, _columns: u16) -> Material {
        match what {}
    }

    fn secrets(&self) -> (Masker, Option<PathBuf>) {
        (self.home.masker.clone(), None)
    }
}
