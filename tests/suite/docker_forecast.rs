//! What images are said to need, against what statvfs then shows: real engines, each with a disk of its own.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what went wrong by failing")]

use std::path::Path;

use isobench_tui::docker::endpoint::{Around, Endpoint};
use isobench_tui::docker::forecast::{Driver as Keeps, Forecast, There, forecast};
use isobench_tui::docker::registry::Settings;
use isobench_tui::docker::store::{self, Image};
use isobench_tui::docker::{Engine as Client, ImageFacts, ImageName, Registry as Asked};

use crate::engine::images::{Content, Layer};
use crate::engine::registry::Registry;
use crate::engine::{Driver, Engine, Options};
use crate::support::folder;

const MB: u64 = 1_000_000;

pub(crate) fn wait_for<T>(what: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(what)
}

/// Our own way to an engine of the tests.
pub(crate) async fn client(engine: &Engine) -> Client {
    let socket = engine.socket();
    let variable = |name: &str| (name == "DOCKER_HOST").then(|| socket.clone());
    let found = Endpoint::find(Around { variable: &variable }).unwrap();
    Client::at(&found[0]).await.unwrap()
}

/// What the engine has, as the worker sees it.
fn images(engine: &Engine) -> Vec<Image> {
    wait_for(async {
        let client = client(engine).await;
        store::images(&client).await.unwrap()
    })
}

/// The forecast of an image that is not there.
fn foretold(state: &Path, engine: &Engine, reference: &str) -> (Forecast, ImageFacts) {
    let there = There::of(&images(engine));
    wait_for(async {
        let client = client(engine).await;
        let about = client.about().await.unwrap();
        let registry = Asked::new(Settings { config: None, ..Settings::of(Some(&about), state) });
        let image = ImageName::parse(reference).unwrap();
        let mut facts = registry.facts(&image).await.unwrap();
        let present = there.present(&facts);
        registry.sizes(&image, &mut facts, present).await;
        (forecast(Keeps::of(&about), &facts, &there), facts)
    })
}

/// Pulls each image in turn, and holds what the disk lost against what was foretold.
fn is_within_five_percent(shape: &str, own_disk_mb: u32, orders: &[Vec<Layer>]) {
    let (_gone, root) = folder();
    let Some(registry) = Registry::shared(&root) else { return };
    let packed: Vec<Vec<_>> = orders.iter().map(|layers| layers.iter().map(Layer::pack).collect()).collect();
    for driver in [Driver::Vfs, Driver::Overlay2] {
        let Some(engine) = Engine::start(&root, driver, Options::on_own_disk(own_disk_mb)) else { continue };
        for (n, layers) in packed.iter().enumerate() {
            let pushed = registry.push_packed(&format!("forecast/{shape}:{n}"), layers);
            let reference = registry.reference(&pushed.name);
            let (told, facts) = foretold(&root.join("state"), &engine, &reference);
            assert!(!told.need.is_estimate, "{told:?}");
            assert_eq!(facts.id, pushed.id);
            let before = engine.used();
            engine.says(&["pull", "-q", &reference]);
            let took = engine.used() - before;
            let off = told.need.stays.abs_diff(took);
            eprintln!("{shape} {n} {driver:?}: foretold {} took {took} off {} per mille", told.need.stays, off * 1000 / took);
            assert!(off <= took / 20, "{shape} {n} on {driver:?}: foretold {}, took {took}", told.need.stays);
            assert_eq!(There::of(&images(&engine)).present(&facts), facts.layers.len(), "all of it is there now");
            let before = engine.used();
            engine.says(&["create", "--network=none", &reference, "/bin/true"]);
            let container = engine.used() - before;
            let off = told.need.container.abs_diff(container);
            eprintln!("   container: foretold {} took {container}", told.need.container);
            assert!(off <= told.need.container / 20 + MB, "{shape} on {driver:?}: {} {container}", told.need.container);
        }
    }
}

#[test]
fn one_fat_layer() {
    is_within_five_percent("fat", 300, &[vec![Layer::new().busybox().file("fat", 45 * MB, Content::Half)]]);
}

#[test]
fn twelve_equal_layers() {
    let layers = (0..12).map(|n| Layer::new().file(&format!("layer/{n}"), 3 * MB, Content::Half)).collect();
    is_within_five_percent("equal", 500, &[layers]);
}

#[test]
fn a_fat_base_that_another_image_has_already() {
    let base = || Layer::new().busybox().file("base", 30 * MB, Content::Noise);
    let first = vec![base(), Layer::new().file("first", 10 * MB, Content::Half)];
    let second = vec![base(), Layer::new().file("second", 15 * MB, Content::Half), Layer::new().file("third", 5 * MB, Content::Half)];
    is_within_five_percent("shared", 500, &[first, second]);
}

#[test]
fn many_tiny_layers_on_a_fat_base() {
    let tiny = (0..10).map(|n| Layer::new().file(&format!("tiny/{n}"), 20_000, Content::Noise));
    let layers = [Layer::new().busybox().file("base", 30 * MB, Content::Half)].into_iter().chain(tiny).collect();
    is_within_five_percent("tiny", 600, &[layers]);
}

#[test]
fn layers_that_compress_well_and_not_at_all() {
    let layers = vec![
        Layer::new().busybox().file("zeros", 40 * MB, Content::Zeros),
        Layer::new().file("noise", 10 * MB, Content::Noise),
        Layer::new().file("half", 15 * MB, Content::Half),
    ];
    is_within_five_percent("mixed", 500, &[layers]);
}
