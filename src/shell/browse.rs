//! The browser with those who read for it.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::apart::{self, Laid, Staged};
use super::console::Console;
use super::outside::{From, Material, Whereabouts, stem};
use super::setup::ScreenError;
use crate::detect::Human;
use crate::text::mask::Masker;
use crate::theme::Theme;
use crate::ui::browse::{Browse, Left, Msg, News, Place, What, Wish};
use crate::view;

/// How long the first frame waits for the names: a frame without them would only flicker.
const FLICKER: Duration = Duration::from_millis(150);

/// A browser with those who read for it. It outlives the screens that are opened from it: what is read goes on, and who
/// comes back finds everything as it was.
#[derive(Debug)]
pub struct Browser {
    /// Everything that it knows.
    pub browse: Browse,
    /// Takes what is wished.
    pub wishes: mpsc::Sender<Wish>,
    /// What was read; `None` once nobody reads any more.
    pub news: Option<mpsc::Receiver<News>>,
    /// Where an item's files lie. It may read files to know that.
    pub path_of: fn(&Place) -> PathBuf,
    /// The person's own folder for state; `None`: there is none.
    pub state_home: Option<PathBuf>,
}

/// Shows the browser until somebody leaves.
pub(super) async fn show(console: &mut Console, browser: &mut Browser) -> Result<Left, ScreenError> {
    apart::show(console, browser).await
}

impl Staged for Browser {
    type Screen = Browse;
    const GONE: Left = Left::Quit;

    fn screen(&mut self) -> &mut Browse {
        &mut self.browse
    }

    fn draw(&self, buffer: &mut Buffer, theme: &Theme, now: Timestamp) -> Laid<Browse> {
        view::browse::draw(buffer, &self.browse, theme, now)
    }

    async fn news(&mut self) -> Msg {
        const ENDED: &str = "the part that reads the items has ended: leave with q and start again";
        apart::next(&mut self.news, || Msg::Failed(ENDED.to_owned())).await
    }

    fn wish(&mut self, wish: Wish) -> Option<Msg> {
        // who is so far behind would not read sooner by one more wish
        drop(self.wishes.try_send(wish));
        None
    }

    fn material(&self, what: What, theme: &Theme, columns: u16) -> Material {
        match what {
            What::Run(path) => {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                self.path(&name, Whereabouts::At(path, None))
            }
            What::Item(place, name) => self.path(&name, Whereabouts::Placed(place, self.path_of)),
            What::List => {
                let text = view::browse::as_text(&self.browse, theme, columns);
                Material { name: "the list".to_owned(), stem: "list".to_owned(), from: From::Text(text) }
            }
            What::Steps(place, name) => {
                let commit = self.browse.row(&place).and_then(|row| row.facts.as_ref()).map(|facts| facts.commit.clone());
                let commit = commit.filter(|commit| !commit.is_empty());
                let human = commit.clone().map(|sha| Human { sha, ..Human::default() });
                let name = self.browse.masker.line(&name);
                let from = From::Steps {
                    title: name.clone(),
                    of: Whereabouts::Placed(place, self.path_of),
                    rows: commit.map(|commit| ("commit", commit)).into_iter().collect(),
                    human,
                };
                Material { stem: stem(&name), name: format!("all steps of {name}"), from }
            }
        }
    }

    fn secrets(&self) -> (Masker, Option<PathBuf>) {
        (self.browse.masker.clone(), self.state_home.clone())
    }

    async fn first(&mut self) -> Option<Msg> {
        let news = self.news.as_mut().filter(|_| self.browse.rows.is_none())?;
        timeout(FLICKER, news.recv()).await.ok()?.map(Msg::News)
    }
}

impl Browser {
    /// A path as text, by the name of what lies there.
    fn path(&self, name: &str, of: Whereabouts) -> Material {
        let name = self.browse.masker.line(name);
        Material { stem: stem(&name), name: format!("the path of {name}"), from: From::Path(of) }
    }
}
