//! An arm in a container: its script, what it may see, and the worker that runs it.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Commands, command, make_folder};
use crate::bench::arm::ArmPlan;
use crate::bench::arm::script::script;
use crate::config::{Bind, limit_ms};
use crate::docker::arm::{ArmOrder, INSIDE, IO, Mount, ORDER, SCRIPT};
use crate::domain::{AttemptId, Stage};
use crate::host::environment::{dot_env, hugging_face_token, of_agent};
use crate::host::files;
use crate::host::gpu_lock::Gpu;
use crate::host::launch::Environment;
use crate::model::Item;
use crate::runner::Job;
use crate::runner::containers::{at_home, plan_of};

/// Where Hugging Face keeps models within the images.
const CACHE: &str = "/root/.cache/huggingface";

/// The agent's patch, in the stage's folder, and within [`INSIDE`].
const PATCH: &str = "agent.patch";

/// Time that the worker gets to stop its container and to remove it, in ms.
pub(super) const GRACE_MS: u64 = 30_000;

/// Prepares an arm. Tokens go into the environment of its keeper, and nowhere else.
pub(super) fn begin(
    job: &Job,
    item: &Item,
    (attempt, stage): (&AttemptId, Stage),
    gpus: &[Gpu],
    environment: &mut Environment,
) -> Commands {
    let says = |says: String| ("measure it".to_owned(), io::Error::other(says));
    let plan = plan_of(job, item).map_err(|why| ("measure it".to_owned(), io::Error::other(NoCommand(why))))?;
    let image = job.config.docker.image(stage, &item.id, &item.human, &item.parent);
    let image = image.ok_or_else(|| says("the name of its image asks for a commit that is not known".to_owned()))?;
    let folder = job.folder.stage(attempt, stage);
    let io = folder.join(IO);
    make_folder(&io)?;
    let is_patched = stage == Stage::Candidate;
    let write = |path: PathBuf, text: &[u8]| {
        files::replace(&path, text).map_err(|error| (format!("write {}", path.display()), error))?;
        Ok(path)
    };
    write(io.join(SCRIPT), script(&plan, is_patched).as_bytes())?;
    let mut mounts = mounts(job)?;
    if is_patched {
        let checked = job.ran(item, Stage::Check).unwrap_or_default().join("model_patch.diff");
        let patch = fs::read(&checked).map_err(|error| (format!("read {}", checked.display()), error))?;
        let from = write(folder.join(PATCH), &patch)?;
        // docker would make the place of the mount, as root
        write(io.join(PATCH), b"")?;
        mounts.push(Mount { from, to: format!("{INSIDE}/{PATCH}"), read_only: true });
    }
    let gpus = gpus.iter().map(|gpu| gpu.uuid.clone()).collect();
    let order = order(job, (attempt, stage), &plan, Seen { image, mounts, gpus });
    pass(job, &order.pass, environment);
    let text = serde_json::to_vec(&order).map_err(|error| ("write down what is to be run".to_owned(), io::Error::other(error)))?;
    write(folder.join(ORDER), &text)?;
    Ok(vec![command(&folder, vec![job.binary.display().to_string(), "run-arm".to_owned(), folder.display().to_string()])])
}

/// Nothing says how the commit is measured: the sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct NoCommand(String);

/// What the container is made of.
struct Seen {
    image: String,
    mounts: Vec<Mount>,
    gpus: Vec<String>,
}

fn order(job: &Job, (attempt, stage): (&AttemptId, Stage), plan: &ArmPlan, seen: Seen) -> ArmOrder {
    let docker = &job.config.docker;
    let of_command = plan.environment.iter().map(|(name, value)| format!("{name}={value}"));
    ArmOrder {
        run: job.folder.run_id(),
        attempt: attempt.clone(),
        stage,
        image: seen.image,
        kind: plan.kind,
        pass: docker.pass.clone(),
        set: docker.set.iter().cloned().chain(of_command).collect(),
        mounts: seen.mounts,
        shm: gib(docker.shm_gib),
        ipc_host: docker.ipc_host,
        gpus: seen.gpus,
        ready_ms: limit_ms(job.config.budget.ready).filter(|_| !plan.server.is_empty()),
        bench_ms: limit_ms(job.config.budget.bench),
        dot_env: job.checkout.env_folders().map(Path::to_owned).to_vec(),
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be 0 ..= 1e7")]
fn gib(gib: f64) -> u64 {
    (gib * f64::from(1 << 30)) as u64
}

/// The models, and what else is configured; preflight says which of these are not there.
fn mounts(job: &Job) -> Result<Vec<Mount>, (String, io::Error)> {
    let docker = &job.config.docker;
    let cache = at_home(&docker.cache);
    fs::create_dir_all(&cache).map_err(|error| (format!("make {} (docker.cache)", cache.display()), error))?;
    let mut mounts = vec![Mount { from: cache, to: CACHE.to_owned(), read_only: false }];
    let others = docker.mounts.iter().filter_map(|mount| Bind::of(mount)).map(|bind| Mount {
        from: job.checkout.repo_root.join(at_home(Path::new(bind.from))),
        to: bind.to.to_owned(),
        read_only: bind.read_only,
    });
    mounts.extend(others.filter(|mount| mount.from.exists()));
    Ok(mounts)
}

/// Tokens, as an agent would find them: `.env`, our own environment, and for Hugging Face the file in which it keeps its own.
fn pass(job: &Job, names: &[String], environment: &mut Environment) {
    let Environment::Ours(added) = environment else { return };
    let pairs = dot_env(&job.checkout.env_folders());
    for name in names {
        let is_hugging_face = ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"].contains(&name.as_str());
        let value = of_agent(&pairs, name).or_else(|| if is_hugging_face { hugging_face_token() } else { None });
        if let Some(value) = value {
            added.push((OsString::from(name), OsString::from(value)));
        }
    }
}
