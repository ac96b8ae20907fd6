//! GPUs and their driver. A process of its own asks NVIDIA's library (`sample-machine --once`): one that hangs is a row.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use super::{About, Check, Row};
use crate::domain::{Driver, Throttle, Whose};
use crate::host::ask::{Asked, ask};
use crate::host::clock;
use crate::telemetry::line::{Decoder, Said};
use crate::telemetry::{GpuFacts, GpuKey, GpuProcess, GpuReading, Header, Sample};
use crate::text::gpu::{self, Trouble};
use crate::text::{bytes, count};

/// How long the sampler may take; it loses its own patience with the driver before.
const PATIENCE: Duration = Duration::from_secs(6);

/// What was learnt of the GPUs.
#[derive(Debug, Clone)]
pub enum Gpus {
    /// What the sampler saw.
    Seen(Box<(Header, Sample)>),
    /// Why nothing was: a sentence.
    Unseen(String),
}

impl Gpus {
    /// Looks at them once.
    pub fn look() -> Self {
        let binary = match std::env::current_exe() {
            Ok(binary) => binary,
            Err(error) => return Self::Unseen(format!("can't find our own program: {error}")),
        };
        match ask(Command::new(binary).args(["sample-machine", "--once"]), PATIENCE) {
            Ok(Asked::Answered(output)) => read(&String::from_utf8_lossy(&output.stdout)).map_or_else(
                || Self::Unseen(format!("the sampler ended with {} and said nothing", output.status)),
                |seen| Self::Seen(Box::new(seen)),
            ),
            Ok(Asked::TooSlow) => Self::Unseen(format!("the sampler said nothing within {} s", PATIENCE.as_secs())),
            Err(error) => Self::Unseen(format!("can't start the sampler: {error}")),
        }
    }

    /// How many can be used. `None`: nobody knows.
    pub(super) fn usable(&self) -> Option<usize> {
        let Self::Seen(seen) = self else { return None };
        let (_, sample) = seen.as_ref();
        match sample.driver {
            Driver::Here if sample.silent_since.is_none() => {
                Some(sample.gpus.iter().filter(|(key, gpu)| key.mig.is_none() && !gpu.lost).count())
            }
            Driver::Absent | Driver::NotLoaded { .. } => Some(0),
            _ => None,
        }
    }

    /// Rows about them.
    pub fn rows(&self) -> Vec<Row> {
        let (header, sample) = match self {
            Self::Seen(seen) => seen.as_ref(),
            Self::Unseen(says) => {
                return vec![Row::warning(About::Gpu, says, "`isobench-tui sample-machine --once` shows what it sees")];
            }
        };
        if let Some(since) = sample.silent_since {
            let ms = clock::now().as_millisecond().saturating_sub(since);
            let Trouble { says, .. } = gpu::silent(u64::try_from(ms).unwrap_or_default());
            return vec![Row::warning(
                About::Gpu,
                says,
                "`nvidia-smi` will hang as well: `sudo dmesg | grep -i nvrm` says why, and a reboot heals it",
            )];
        }
        match (&sample.driver, gpu::driver(&sample.driver)) {
            // no GPU is no fault: what is to be done stands there for who wants one
            (Driver::Absent, Some(Trouble { says, todo })) => vec![Row { check: Check::Ok, about: About::Gpu, says, fix: Some(todo) }],
            (_, Some(trouble)) => vec![warning(trouble)],
            (_, None) => here(header, sample),
        }
    }
}

fn read(text: &str) -> Option<(Header, Sample)> {
    let mut decoder = Decoder::default();
    let mut header = None;
    for line in text.lines() {
        match decoder.take(line)? {
            Said::Header(_, said) => header = Some(said.clone()),
            Said::Sample(..) => return Some((header?, decoder.sample()?)),
        }
    }
    None
}

fn warning(Trouble { says, todo }: Trouble) -> Row {
    Row::warning(About::Gpu, says, todo)
}

/// Rows about a driver that answers.
fn here(header: &Header, sample: &Sample) -> Vec<Row> {
    let version = header.driver_version.as_deref().unwrap_or("of an unknown version");
    let cuda = header.cuda.as_ref().map_or_else(String::new, |cuda| format!(", CUDA {cuda}"));
    let driver = format!("NVIDIA's driver {version}{cuda}");
    let gpus: BTreeMap<GpuKey, &GpuFacts> = header.gpus.iter().filter(|(key, _)| key.mig.is_none()).map(|(key, gpu)| (*key, gpu)).collect();
    if gpus.is_empty() {
        return vec![Row::warning(
            About::Gpu,
            format!("{driver}, and no GPU"),
            "`lspci | grep -i nvidia` shows what is built in, `sudo dmesg | grep -i nvrm` why it does not start; start a container with --gpus all",
        )];
    }
    let mut rows = vec![Row::ok(About::Gpu, format!("{driver}: {}", named(&gpus)))];
    let whole = || sample.gpus.iter().filter(|(key, _)| key.mig.is_none());
    rows.extend(whole().filter(|(_, gpu)| gpu.lost).map(|(key, _)| warning(gpu::lost(key.gpu))));
    rows.extend(persistence(&gpus));
    rows.extend(mig(header));
    rows.extend(ecc(&gpus, sample));
    rows.extend(whole().filter_map(|(key, gpu)| slowed(*key, gpu)));
    rows.extend(processes(header, sample));
    rows
}

/// `8 × NVIDIA H100 80GB HBM3`
fn named(gpus: &BTreeMap<GpuKey, &GpuFacts>) -> String {
    let mut kinds: Vec<(&str, usize)> = Vec::new();
    for gpu in gpus.values() {
        let name = gpu.name.as_deref().unwrap_or("GPU without a name");
        match kinds.iter_mut().find(|(known, _)| *known == name) {
            Some((_, many)) => *many += 1,
            None => kinds.push((name, 1)),
        }
    }
    kinds.iter().map(|(name, many)| format!("{many} × {name}")).collect::<Vec<_>>().join(", ")
}

/// `GPU 0`, `GPUs 0, 1, 4`
fn which(keys: &[GpuKey]) -> String {
    let keys: Vec<String> = keys.iter().map(GpuKey::to_string).collect();
    format!("GPU{} {}", if keys.len() == 1 { "" } else { "s" }, keys.join(", "))
}

/// Those of which something is so.
fn those(gpus: &BTreeMap<GpuKey, &GpuFacts>, is_so: impl Fn(&GpuFacts) -> bool) -> Option<Vec<GpuKey>> {
    let found: Vec<GpuKey> = gpus.iter().filter(|(_, gpu)| is_so(gpu)).map(|(key, _)| *key).collect();
    (!found.is_empty()).then_some(found)
}

fn persistence(gpus: &BTreeMap<GpuKey, &GpuFacts>) -> Option<Row> {
    if let Some(off) = those(gpus, |gpu| gpu.persistence == Some(false)) {
        let says =
            format!("persistence mode is off on {}: an idle one is let go, and whoever comes next waits seconds for it", which(&off));
        return Some(Row::warning(About::Gpu, says, "`sudo nvidia-smi -pm 1`, or start the service nvidia-persistenced"));
    }
    those(gpus, |gpu| gpu.persistence == Some(true)).map(|on| Row::ok(About::Gpu, format!("persistence mode is on: {}", which(&on))))
}

fn mig(header: &Header) -> Vec<Row> {
    let split = header.gpus.iter().filter(|(key, gpu)| key.mig.is_none() && gpu.mig == Some(true));
    let row = |(key, _): (&GpuKey, &GpuFacts)| match header.gpus.keys().filter(|other| other.gpu == key.gpu && other.mig.is_some()).count()
    {
        0 => {
            let says = format!("GPU {key} is in MIG mode and has no instance: nothing can run on it");
            Row::warning(
                About::Gpu,
                says,
                format!("`sudo nvidia-smi mig -i {key} -cgi PROFILE -C` makes one, `sudo nvidia-smi -i {key} -mig 0` ends the mode"),
            )
        }
        instances => {
            Row::ok(About::Gpu, format!("GPU {key} is split by MIG into {}: its utilisation can't be read", count(instances, "instance")))
        }
    };
    split.map(row).collect()
}

fn ecc(gpus: &BTreeMap<GpuKey, &GpuFacts>, sample: &Sample) -> Vec<Row> {
    let off = those(gpus, |gpu| gpu.ecc == Some(false));
    let off = off.map(|off| Row::ok(About::Gpu, format!("ECC is off on {}: errors of its memory go unseen", which(&off))));
    let errors = |(key, gpu): (&GpuKey, &GpuReading)| {
        let errors = usize::try_from(gpu.ecc_uncorrected?).ok().filter(|errors| *errors > 0)?;
        let says =
            format!("GPU {key} had {} of its memory that ECC could not correct, since the driver was loaded", count(errors, "error"));
        Some(Row::warning(
            About::Gpu,
            says,
            format!("`nvidia-smi -q -d ECC,ROW_REMAPPER -i {key}` says more; reset or reboot before you measure on it"),
        ))
    };
    off.into_iter().chain(sample.gpus.iter().filter_map(errors)).collect()
}

/// A GPU that is slowed down before anything runs will spoil what does.
fn slowed(key: GpuKey, gpu: &GpuReading) -> Option<Row> {
    let spoils = Throttle(gpu.throttle?.0 & Throttle::SPOILS.0);
    let at = gpu.temp.map_or_else(String::new, |temp| format!(" at {temp} °C"));
    let says = || format!("GPU {key} is slowed down now{at}: {}", spoils.names().join(", "));
    (spoils.0 != 0).then(|| Row::warning(About::Gpu, says(), "look at its cooling and its power supply: what is measured on it is tainted"))
}

/// Who is on the GPUs beside us.
fn processes(header: &Header, sample: &Sample) -> Vec<Row> {
    let of = |wanted: fn(&Whose) -> bool| -> Vec<String> {
        sample.processes.iter().filter(|(_, process)| wanted(&process.whose)).map(|(pid, process)| told(*pid, process)).collect()
    };
    let foreign = of(|whose| matches!(whose, Whose::Foreign { .. } | Whose::Container { .. }));
    let unknown = of(|whose| matches!(whose, Whose::Unknown));
    let stages = of(|whose| matches!(whose, Whose::Stage { .. }));
    let mut rows = Vec::new();
    if !foreign.is_empty() {
        let says = format!(
            "{} on the GPUs that {} no run of ours: {}",
            processes_of(foreign.len()),
            if foreign.len() == 1 { "is of" } else { "are of" },
            few(&foreign)
        );
        rows.push(Row::warning(About::Gpu, says, "end what is not needed: an arm beside it is tainted"));
    }
    if !unknown.is_empty() {
        let says = format!("{} on the GPUs whose owner can't be known: {}", processes_of(unknown.len()), few(&unknown));
        rows.push(if header.in_container {
            Row {
                check: Check::Ok,
                about: About::Gpu,
                says: format!("{says}: {}", gpu::IN_CONTAINER),
                fix: Some(gpu::IN_CONTAINER_TODO.to_owned()),
            }
        } else {
            Row::ok(About::Gpu, says)
        });
    }
    if !stages.is_empty() {
        rows.push(Row::ok(About::Gpu, format!("{} of a run on the GPUs: {}", processes_of(stages.len()), few(&stages))));
    }
    rows
}

fn processes_of(n: usize) -> String {
    if n == 1 { "1 process".to_owned() } else { format!("{n} processes") }
}

/// `4711 python (ann), 21 GB on GPU 0`
fn told(pid: u32, process: &GpuProcess) -> String {
    let name = process.name.as_ref().map_or_else(String::new, |name| format!(" {name}"));
    let user = process.user.as_ref().map_or_else(String::new, |user| format!(" ({user})"));
    let known: Option<u64> = process.on.values().map(|on| on.bytes).try_fold(0_u64, |sum, bytes| Some(sum.saturating_add(bytes?)));
    let memory = known.map_or_else(String::new, |known| format!("{} ", bytes(known)));
    format!("{pid}{name}{user}, {memory}on {}", which(&process.on.keys().copied().collect::<Vec<_>>()))
}

fn few(all: &[String]) -> String {
    const TOLD: usize = 5;
    let told = all.iter().take(TOLD).cloned().collect::<Vec<_>>().join("; ");
    if all.len() > TOLD { format!("{told}; and {} more", all.len() - TOLD) } else { told }
}
