//! The way to a Docker engine, what lies in it, and what that takes on its disk: with real engines, and with things that
//! listen and are none.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what went wrong by failing")]

use std::fs;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;

use isobench_tui::docker::endpoint::{Around, Endpoint};
use isobench_tui::docker::size::{Keeping, Shelf};
use isobench_tui::docker::store::{self, Image};
use isobench_tui::docker::{DockerError, Engine as Way, disk, wait};

use crate::campaign::Campaign;
use crate::engine::images::{Content, Layer};
use crate::engine::registry::Registry;
use crate::engine::{Driver, Engine, Options};
use crate::support::{folder, wait_until};

const MB: u64 = 1_000_000;

/// Where these variables lead.
fn endpoint(variables: &[(&str, &str)]) -> Endpoint {
    let variable = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    Endpoint::find(Around { variable: &variable }).unwrap().remove(0)
}

/// An engine by `DOCKER_HOST`, or why not.
fn reach(variables: &[(&str, &str)]) -> Result<Way, DockerError> {
    let endpoint = endpoint(variables);
    wait(Way::at(&endpoint))
}

/// A port that leads to a socket.
fn port_to(socket: &str) -> String {
    let socket = socket.trim_start_matches("unix://").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for from in listener.incoming().flatten() {
            let to = UnixStream::connect(&socket).unwrap();
            let (mut from_2, mut to_2) = (from.try_clone().unwrap(), to.try_clone().unwrap());
            let (mut from, mut to) = (from, to);
            thread::spawn(move || {
                let _ = io::copy(&mut from, &mut to);
                let _ = to.shutdown(Shutdown::Write);
            });
            thread::spawn(move || {
                let _ = io::copy(&mut to_2, &mut from_2);
                let _ = from_2.shutdown(Shutdown::Both);
            });
        }
    });
    format!("tcp://{address}")
}

/// Something that listens and gives these bytes for whatever path it is asked, with or without a version before it.
fn stand_in(answer: impl Fn(&str) -> String + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut from in listener.incoming().flatten() {
            let asked = request(&mut from);
            let path = asked.split(' ').nth(1).unwrap_or_default();
            let path =
                path.strip_prefix("/v1.").and_then(|rest| rest.split_once('/')).map_or(path.to_owned(), |(_, rest)| format!("/{rest}"));
            let _ = from.write_all(answer(&path).as_bytes());
        }
    });
    format!("tcp://{address}")
}

fn request(from: &mut TcpStream) -> String {
    let (mut read, mut byte) = (Vec::new(), [0]);
    while !read.ends_with(b"\r\n\r\n") && from.read(&mut byte).is_ok_and(|count| count > 0) {
        read.push(byte[0]);
    }
    String::from_utf8_lossy(&read).into_owned()
}

fn http(status: u16, body: &str) -> String {
    format!("HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

#[test]
fn an_engine_is_asked_by_socket_and_by_port_and_says_what_it_is() {
    let (_gone, root) = folder();
    for driver in [Driver::Vfs, Driver::Overlay2] {
        let Some(engine) = Engine::shared(&root, driver) else { continue };
        for host in [engine.socket(), port_to(&engine.socket())] {
            let way = reach(&[("DOCKER_HOST", &host)]).unwrap();
            assert_eq!(way.endpoint().to_string(), format!("{host} (DOCKER_HOST)"));
            let about = wait(way.about()).unwrap();
            assert_eq!(about.driver, format!("{driver:?}").to_lowercase());
            assert_eq!((about.root.as_path(), about.is_local, about.is_containerd), (engine.data().as_path(), true, false));
            assert_eq!((about.api.as_str(), about.version.starts_with("20.10")), ("1.41", true), "{about:?}");
            assert!(about.insecure.contains(&"127.0.0.0/8".to_owned()) && about.arch == "amd64" && about.os == "linux", "{about:?}");
            assert!(about.running < 100 && about.mirrors.is_empty());
            let room = disk::free(&about).unwrap();
            assert!(room.bytes <= room.unused && room.unused <= room.total && room.total > 0, "{room:?}");
            // the same engine, were it elsewhere: nobody looks at a folder of the same name here
            let far = isobench_tui::docker::About { is_local: false, machine: "box".to_owned(), ..about.clone() };
            assert!(disk::free(&far).unwrap_err().to_string().contains("on another machine (box)"));
            let gone = isobench_tui::docker::About { root: root.join("nowhere"), ..about };
            assert!(disk::free(&gone).unwrap_err().to_string().contains("nowhere is not here"));
        }
    }
}

#[test]
fn what_listens_and_is_no_docker_is_said_to_be_none() {
    let plain = |answer: &'static str| reach(&[("DOCKER_HOST", &stand_in(move |_| answer.to_owned()))]).unwrap_err().to_string();
    let none = "what listens there is no docker (tcp://127.0.0.1:";
    for answer in
        ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"]
    {
        let says = plain(answer);
        assert!(says.starts_with(none), "{says}");
    }
    assert!(reach(&[("DOCKER_HOST", &stand_in(|_| http(200, "{}")))]).unwrap_err().to_string().contains("it names no version"));
    let says = plain("");
    assert!(says.starts_with("docker broke off (tcp://127.0.0.1:"), "{says}");
    let tls = "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";
    assert!(plain(tls).contains("it wants TLS"));
    let old = r#"{"message":"client version 1.53 is too old. Minimum supported API version is 1.99"}"#;
    let says = reach(&[("DOCKER_HOST", &stand_in(move |_| http(400, old)))]).unwrap_err().to_string();
    assert!(says.starts_with("this docker speaks another version (client version 1.53 is too old"), "{says}");
    // TLS, where nobody speaks it
    let plain_port = stand_in(|_| http(200, "{}"));
    let says = reach(&[("DOCKER_HOST", &plain_port), ("DOCKER_TLS_VERIFY", "1")]).unwrap_err().to_string();
    assert!(says.starts_with("docker can't be asked over TLS (https://127.0.0.1:"), "{says}");
}

#[test]
fn nobody_and_silence_are_two_sentences() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let says = |host: &str| reach(&[("DOCKER_HOST", host)]).unwrap_err();
    let silent = says(&format!("tcp://{address}"));
    assert!(silent.is_passing() && silent.to_string().starts_with("docker does not answer in time (tcp://127.0.0.1:"), "{silent}");
    drop(listener);
    let nobody = says(&format!("tcp://{address}"));
    assert!(nobody.to_string().starts_with("there is no docker here (tcp://127.0.0.1:"), "{nobody}");
    let far = says("tcp://no-such-machine.invalid:1");
    assert!(matches!(far, DockerError::Unreachable(_)) && far.to_string().contains("no-such-machine.invalid"), "{far}");
}

#[test]
fn an_old_and_a_new_engine_are_asked_in_the_version_that_they_speak() {
    for (newest, oldest) in [("1.24", "1.12"), ("1.99", "1.98")] {
        let version = format!("{{\"Version\":\"x\",\"ApiVersion\":\"{newest}\",\"MinAPIVersion\":\"{oldest}\"}}");
        let host = stand_in(move |path| if path == "/version" { http(200, &version) } else { http(200, "[]") });
        let way = reach(&[("DOCKER_HOST", &host)]).unwrap();
        let spoken = way.quick().client_version().to_string();
        assert_eq!(spoken, if newest == "1.24" { "1.24" } else { "1.98" });
        assert_eq!(wait(store::images(&way)).unwrap(), []);
    }
}

#[test]
fn an_image_that_goes_between_two_questions_is_no_image() {
    let summary = |id: &str, name: &str| {
        format!(
            r#"{{"Id":"{id}","ParentId":"","RepoTags":[{name}],"RepoDigests":null,"Created":7,"Size":3,"SharedSize":-1,"Labels":null,"Containers":-1}}"#
        )
    };
    let list = format!("[{},{},{}]", summary("a", "\"x:1\""), summary("b", "\"x:2\""), summary("c", "\"<none>:<none>\""));
    let host = stand_in(move |path| match path {
        "/version" => http(200, r#"{"ApiVersion":"1.41"}"#),
        path if path.starts_with("/images/json") => http(200, &list),
        "/images/a/json" | "/images/c/json" => http(200, r#"{"Id":"a","RootFS":{"Type":"layers","Layers":["sha256:1","sha256:2"]}}"#),
        "/images/a/history" => http(
            200,
            r#"[{"Id":"a","Created":7,"CreatedBy":"","Tags":null,"Size":0,"Comment":""},{"Id":"","Created":7,"CreatedBy":"","Tags":null,"Size":3,"Comment":""}]"#,
        ),
        "/images/c/history" => http(200, "[]"),
        _ => http(404, r#"{"message":"No such image"}"#),
    });
    let images = wait(store::images(&reach(&[("DOCKER_HOST", &host)]).unwrap())).unwrap();
    let of = |image: &Image| image.layers.iter().map(|layer| layer.bytes).collect::<Vec<_>>();
    assert_eq!(images.iter().map(|image| image.id.as_str()).collect::<Vec<_>>(), ["a", "c"]);
    assert_eq!((of(&images[0]), of(&images[1])), (vec![Some(3), Some(0)], vec![None, None]));
    assert_eq!((images[0].names.as_slice(), images[1].names.as_slice()), (&["x:1".to_owned()][..], &[][..]));
}

#[test]
fn images_of_a_build_are_listed_with_empty_layers_and_without_its_steps() {
    let (_gone, root) = folder();
    let Some(engine) = Engine::start(&root, Driver::Overlay2, Options::default()) else { return };
    let context = root.join("context");
    fs::create_dir(&context).unwrap();
    let file = "FROM scratch\nCOPY a /a\nENV X=y\nWORKDIR /w\nCOPY b /w/b\nCMD [\"/a\"]\n";
    fs::write(context.join("Dockerfile"), file).unwrap();
    let build = |a: &str| {
        fs::write(context.join("a"), a).unwrap();
        fs::write(context.join("b"), "four").unwrap();
        let mut command = engine.command(&["build", "-q", "-t", "built:1", context.to_str().unwrap()]);
        assert!(command.env("DOCKER_BUILDKIT", "0").output().unwrap().status.success());
    };
    build("first");
    build("the second");
    let way = reach(&[("DOCKER_HOST", &engine.socket())]).unwrap();
    let mut seen = store::Seen::default();
    let mut images = wait(store::images_again(&way, &mut seen)).unwrap();
    images.sort_by_key(|image| image.names.len());
    let sizes: Vec<Vec<Option<u64>>> = images.iter().map(|image| image.layers.iter().map(|layer| layer.bytes).collect()).collect();
    assert_eq!(sizes, [[Some(5), Some(0), Some(4)], [Some(10), Some(0), Some(4)]]);
    assert_eq!((images[0].names.len(), images[1].names.as_slice()), (0, &["built:1".to_owned()][..]), "the first has no name left");
    assert!(wait(store::every_id(&way)).unwrap().len() > 4, "steps are images too");
    // once more, when one is gone
    engine.says(&["rmi", &images[0].id]);
    let left = wait(store::images_again(&way, &mut seen)).unwrap();
    assert_eq!(left, images[1..]);
}

#[test]
fn containers_networks_and_volumes_are_listed_as_far_as_nobody_uses_them() {
    let (_gone, root) = folder();
    let Some(engine) = Engine::start(&root, Driver::Vfs, Options::default()) else { return };
    engine.import_busybox("box:1");
    engine.says(&["run", "-d", "--network=none", "--name=runs", "--label=a=b", "-v", "used:/v", "box:1", "sleep", "1000"]);
    engine.says(&["create", "--network=none", "--name=made", "box:1", "true"]);
    engine.says(&["volume", "create", "named"]);
    let anonymous = engine.says(&["volume", "create"]);
    let way = reach(&[("DOCKER_HOST", &engine.socket())]).unwrap();
    let mut containers = wait(store::containers(&way)).unwrap();
    containers.sort_by(|a, b| a.name.cmp(&b.name));
    let image = engine.says(&["image", "inspect", "-f", "{{.Id}}", "box:1"]);
    let short: Vec<_> = containers.iter().map(|c| (c.name.as_str(), c.is_running, c.image == image, c.labels.len())).collect();
    assert_eq!(short, [("made", false, true, 0), ("runs", true, true, 1)]);
    assert!(containers.iter().all(|container| container.created.is_some()));
    let mut volumes = wait(store::volumes(&way)).unwrap();
    volumes.sort_by_key(|volume| volume.is_anonymous);
    let short: Vec<_> = volumes.iter().map(|volume| (volume.name.as_str(), volume.is_anonymous)).collect();
    assert_eq!(short, [("named", false), (anonymous.as_str(), true)]);
    assert_eq!(wait(store::networks(&way)).unwrap(), [], "the engine's own are none");
    assert_eq!(wait(way.about()).unwrap().running, 1);
    engine.says(&["rm", "-f", "runs", "made"]);
}

/// What is said against what statvfs shows: within 5 %.
fn close(what: &str, said: u64, seen: u64) {
    assert!(said.abs_diff(seen) * 20 <= seen, "{what}: {said} bytes said, {seen} seen");
}

#[test]
fn what_the_store_takes_and_what_a_removal_frees_is_what_the_disk_shows() {
    let (_gone, root) = folder();
    let Some(registry) = Registry::shared(&root) else { return };
    let base = Layer::new().busybox().file("base", 20 * MB, Content::Half);
    let other = Layer::new().busybox().file("other", 8 * MB, Content::Noise);
    let middle = Layer::new().file("middle", 6 * MB, Content::Half);
    let tiny = Layer::new().text("tiny", "tiny");
    let top = Layer::new().file("top", 3 * MB, Content::Zeros);
    let push = |name: &str, layers: &[&Layer]| {
        registry.push(&format!("sizes/{name}:1"), &layers.iter().copied().cloned().collect::<Vec<_>>()).name
    };
    let names = [
        push("deep", &[&base, &middle, &tiny, &top]),
        push("shares", &[&base, &middle, &top]),
        // the same layer upon another base is kept once more
        push("apart", &[&other, &middle]),
        push("alone", &[&tiny]),
    ];
    for driver in [Driver::Vfs, Driver::Overlay2] {
        let Some(engine) = Engine::start(&root, driver, Options::on_own_disk(600)) else { continue };
        let way = reach(&[("DOCKER_HOST", &engine.socket())]).unwrap();
        let keeping = Keeping::of(&wait(way.about()).unwrap().driver);
        let empty = engine.used();
        for name in &names {
            engine.says(&["pull", "-q", &registry.reference(name)]);
        }
        let images = wait(store::images(&way)).unwrap();
        let mut shelf = Shelf::new(keeping, &images);
        close(&format!("{driver:?}"), shelf.whole().exact().unwrap(), engine.used() - empty);
        let find = |name: &String| images.iter().find(|image| image.names.contains(&registry.reference(name))).unwrap();
        for name in &names[..3] {
            let before = engine.used();
            let promised = shelf.remove(find(name)).exact().unwrap();
            engine.says(&["rmi", &registry.reference(name)]);
            // dockerd removes some of it after its answer
            let freed = || before.saturating_sub(engine.used());
            wait_until(&format!("{driver:?}: {name} to free {promised}"), || promised.abs_diff(freed()) * 20 <= promised);
        }
        assert!(engine.used() - empty < MB);
    }
}

/// A campaign that pulls images, and what `doctor` says of Docker there.
fn doctor(campaign: &Campaign, variables: &[(&str, &str)]) -> String {
    let mut command = campaign.command(&["doctor"]);
    for name in ["DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_TLS_VERIFY", "XDG_RUNTIME_DIR"] {
        command.env_remove(name);
    }
    let output = command.args(["--format", "json"]).env("TMPDIR", &campaign.root).envs(variables.iter().copied()).output().unwrap();
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let rows = found["rows"].as_array().unwrap().iter();
    rows.map(|row| format!("{} {} {}\n", row["about"], row["says"].as_str().unwrap(), row["fix"].as_str().unwrap_or_default())).collect()
}

fn pulling() -> Campaign {
    let campaign = Campaign::good(1);
    let config = campaign.root.join("isobench-tui.toml");
    let text = fs::read_to_string(&config).unwrap();
    assert!(text.contains("[arms]"));
    fs::write(&config, text.replacen("[arms]", "[arms]\nimages = [\"org/bench:{human}\"]", 1)).unwrap();
    campaign
}

#[test]
fn doctor_says_what_docker_is_and_what_its_driver_means_for_the_disk() {
    let campaign = pulling();
    let says = doctor(&campaign, &[("DOCKER_HOST", "unix:///nowhere/d.sock")]);
    assert!(says.contains("there is no docker here (no socket at /nowhere/d.sock)") && says.contains("systemctl start docker"), "{says}");
    let config = campaign.root.join("home/.docker");
    fs::create_dir_all(&config).unwrap();
    fs::write(config.join("config.json"), "{\"currentContext\":\"gone\"}").unwrap();
    let says = doctor(&campaign, &[]);
    assert!(says.contains("config.json names the docker context 'gone', and there is none"), "{says}");
    let Some(engine) = Engine::shared(&campaign.root, Driver::Vfs) else { return };
    let says = doctor(&campaign, &[("DOCKER_HOST", &engine.socket())]);
    for part in ["Docker 20.10", "(DOCKER_HOST): vfs", "copies all lower layers into each layer", "docker's images (", " free of "] {
        assert!(says.contains(part), "{part}: {says}");
    }
}

/// The user's ssh, with a real engine behind it.
fn ssh(campaign: &Campaign, script: &str) -> String {
    let bin = campaign.root.join("ssh-bin");
    fs::create_dir_all(&bin).unwrap();
    fs::write(bin.join("ssh"), format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(bin.join("ssh"), fs::Permissions::from_mode(0o755)).unwrap();
    format!("{}:{}", bin.display(), std::env::var("PATH").unwrap())
}

#[test]
fn an_engine_is_asked_through_ssh_and_what_ssh_says_is_the_reason_why_not() {
    let campaign = pulling();
    let host = ("DOCKER_HOST", "ssh://ann@box:2222/run/d.sock");
    let path = ssh(&campaign, "echo 'Warning: something' >&2; echo 'ann@box: Permission denied (publickey).' >&2; exit 255");
    let says = doctor(&campaign, &[host, ("PATH", &path)]);
    let why = "docker can't be asked over ssh (ssh://ann@box:2222/run/d.sock (DOCKER_HOST): ann@box: Permission denied (publickey).)";
    assert!(says.contains(why), "{says}");
    let Some(engine) = Engine::shared(&campaign.root, Driver::Vfs) else { return };
    let told = campaign.root.join("told");
    let script = format!("echo \"$@\" >> {}\nexec docker -H {} system dial-stdio", told.display(), engine.socket());
    let says = doctor(&campaign, &[host, ("PATH", &ssh(&campaign, &script))]);
    assert!(says.contains("Docker 20.10") && says.contains("ssh://ann@box:2222/run/d.sock (DOCKER_HOST): vfs"), "{says}");
    assert!(says.contains("docker's disk can't be seen from here: it is on another machine"), "{says}");
    let told = fs::read_to_string(told).unwrap();
    let line = told.lines().next().unwrap();
    assert!(
        line.contains("BatchMode=yes") && line.ends_with("-l ann -p 2222 -- box docker --host unix:///run/d.sock system dial-stdio"),
        "{line}"
    );
    let left = |folder: &Path| {
        fs::read_dir(folder).unwrap().flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with("isobench-tui-")).count()
    };
    assert_eq!(left(&campaign.root), 0);
}

#[test]
fn temporary_listing() {
    let Some(host) = std::env::var("LIST_AT").ok() else { return };
    let way = reach(&[("DOCKER_HOST", &host)]).unwrap();
    let mut seen = store::Seen::default();
    for _ in 0..3 {
        let begun = std::time::Instant::now();
        let images = wait(store::images_again(&way, &mut seen)).unwrap();
        eprintln!("{} images in {:?}", images.len(), begun.elapsed());
    }
}
