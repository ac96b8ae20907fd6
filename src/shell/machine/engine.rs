//! A thread that asks the Docker engine what lies in it, while somebody looks.

use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{mpsc, watch};

use super::forecast::{Forecasts, Lies};
use crate::docker::owners::{Owners, Whose};
use crate::docker::size::{Keeping, Shelf};
use crate::docker::store::{self, Seen};
use crate::docker::{self, DockerError, ImageName};
use crate::domain::ItemId;
use crate::text::clean;
use crate::ui::Msg;
use crate::ui::machine::{Engine, Here, Image, News, Owner, Wish};

/// How often it is asked. What it takes to answer comes on top of that: one that is slow is not asked more often.
const LOOK: Duration = Duration::from_secs(5);

/// Digits of an id that people read.
const DIGITS: usize = 12;

/// Starts the thread. It ends with the sender of wishes.
pub(super) fn start(
    wish: watch::Receiver<Wish>,
    docker: Option<PathBuf>,
    root: watch::Sender<Option<PathBuf>>,
    news: mpsc::Sender<Msg>,
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let look = move || runtime.block_on(look_on(wish, docker, &root, &news));
    thread::Builder::new().name("engine".to_owned()).spawn(look)?;
    Ok(())
}

/// Looks again and again while somebody wants to know, and once more whenever items wait for other images than before.
async fn look_on(
    mut wish: watch::Receiver<Wish>,
    docker: Option<PathBuf>,
    root: &watch::Sender<Option<PathBuf>>,
    news: &mpsc::Sender<Msg>,
) {
    let (mut seen, mut asked_for, mut forecast) = (Seen::default(), Vec::new(), Forecasts::default());
    loop {
        let wanted = wish.borrow_and_update().clone();
        let is_wanted = wanted.is_shown || wanted.live.is_some() || wanted.needed != asked_for;
        if is_wanted {
            asked_for.clone_from(&wanted.needed);
            // whoever leaves does not wait for an engine that hangs
            let found = tokio::select! {
                found = look(&mut seen, &wanted, docker.as_deref()) => found,
                () = gone(wish.clone()) => return,
            };
            let lies = found.as_ref().ok().map(|(_, lies)| lies.clone());
            if let Some(folder) = lies.as_ref().filter(|lies| lies.about.is_local).map(|lies| &lies.about.root) {
                root.send_if_modified(|known| known.replace(folder.clone()).as_ref() != Some(folder));
            }
            let engine = found.map_or_else(|error| away(&error), |(here, _)| Engine::Here(here));
            if news.send(Msg::Machine(News::Engine(Box::new(engine)))).await.is_err() {
                return;
            }
            if let Some((lies, docker)) = lies.zip(docker.as_deref()) {
                let told = tokio::select! {
                    told = forecast.look(&lies, &wanted.needed, docker) => told,
                    () = gone(wish.clone()) => return,
                };
                if let Some(told) = told {
                    let _ = news.send(Msg::Machine(News::Forecast(Box::new(told)))).await;
                }
            }
        }
        let is_over = tokio::select! {
            () = tokio::time::sleep(LOOK) => wish.has_changed().is_err(),
            changed = wish.changed(), if !is_wanted => changed.is_err(),
        };
        if is_over {
            return;
        }
    }
}

/// Returns once nobody wishes anything any more.
async fn gone(mut wish: watch::Receiver<Wish>) {
    while wish.changed().await.is_ok() {}
}

/// What lies in the engine, for people and for forecasts.
async fn look(seen: &mut Seen, wanted: &Wish, docker: Option<&Path>) -> Result<(Here, Lies), DockerError> {
    let engine = docker::Engine::connect().await?;
    let about = engine.about().await?;
    let images = store::images_again(&engine, seen).await?;
    let containers = store::containers(&engine).await?;
    let mut shelf = Shelf::new(Keeping::of(&about.driver), &images);
    // where nothing can be read of it nothing is said to be ours
    let owners = docker.and_then(|docker| Owners::read(docker).ok()).unwrap_or_default();
    let uses = |id: &str| containers.iter().filter(|container| container.image == id).count();
    let mut shown: Vec<Image> = images
        .iter()
        .map(|image| {
            let names = if image.names.is_empty() { image.digests.clone() } else { image.names.clone() };
            Image {
                id: image.id.trim_start_matches("sha256:").chars().take(DIGITS).collect(),
                needed_by: waiting(&wanted.needed, &image.names, &image.digests),
                names,
                bytes: shelf.image(image).exact(),
                created: Timestamp::from_second(image.created).ok().filter(|at| at.as_second() > 0),
                owner: owner(&owners, image),
                containers: uses(&image.id),
            }
        })
        .collect();
    shown.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.names.cmp(&b.names)));
    // a removal may make another image the last one upon a layer, so they go one by one
    let idle: Vec<_> = images
        .iter()
        .filter(|image| matches!(owners.whose(image), Whose::Ours(_)) && uses(&image.id) == 0)
        .filter(|image| waiting(&wanted.needed, &image.names, &image.digests).is_empty())
        .collect();
    let prune_frees = idle.into_iter().try_fold(0_u64, |sum, image| Some(sum.saturating_add(shelf.remove(image).exact()?)));
    let root = clean::path(&about.root);
    let here = Here { driver: about.driver.clone(), root, is_remote: !about.is_local, running: about.running, prune_frees, images: shown };
    Ok((here, Lies { about, images }))
}

/// Whose an image is.
fn owner(owners: &Owners, image: &store::Image) -> Owner {
    match owners.whose(image) {
        Whose::Ours(ours) => Owner::Ours { run: ours.run.clone().unwrap_or_default(), item: ours.item.clone().unwrap_or_default() },
        Whose::CutOff => Owner::Uncertain,
        Whose::Taken(_) | Whose::WasHere | Whose::NotOurs => Owner::Others,
    }
}

/// The items that wait for an image of these names.
fn waiting(needed: &[(ItemId, Vec<String>)], names: &[String], digests: &[String]) -> Vec<ItemId> {
    let is_it = |wanted: &String| ImageName::parse(wanted).is_ok_and(|wanted| wanted.is_among(names, digests));
    needed.iter().filter(|(_, images)| images.iter().any(is_it)).map(|(item, _)| item.clone()).collect()
}

/// Why it can't be asked, and what to do.
fn away(error: &DockerError) -> Engine {
    let todo = match error {
        DockerError::Absent(_) => "start it (sudo systemctl start docker), or let DOCKER_HOST or `docker context use` name another one",
        DockerError::Forbidden(_) => "let somebody who may: sudo usermod -aG docker $USER, then log out and in again",
        DockerError::Silent(_) => "it is busy, or it hangs: journalctl -u docker says more; it is asked again every 5 s",
        DockerError::Settings(_) => "correct them; `docker context ls` lists what there is",
        DockerError::Unreachable(_) => "see whether that machine is up and its name is right; it is asked again every 5 s",
        DockerError::Tls(_) => "see to the certificates in DOCKER_CERT_PATH, or of the docker context",
        DockerError::Ssh(_) => "see whether ssh gets there by itself, without asking for anything",
        DockerError::Stranger(_) => "see what DOCKER_HOST or the docker context names",
        DockerError::Version(_) | DockerError::Broken(_) | DockerError::Refused { .. } => "journalctl -u docker says more",
        DockerError::Gone(_) => "it was stopped, or it is being started again: it is asked again every 5 s",
    };
    Engine::Away { says: clean::line(&error.to_string()), todo: todo.to_owned() }
}
