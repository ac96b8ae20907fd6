//! The container as the engine is asked for it.

use std::collections::HashMap;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use bollard::models::{
    ContainerCreateBody, DeviceRequest, HealthConfig, HostConfig, HostConfigLogConfig, Mount as Bind, MountType, RestartPolicy,
    RestartPolicyNameEnum,
};

use super::{ArmOrder, INSIDE, PORT_VARIABLE, SCRIPT};
use crate::docker::labels;
use crate::host::environment;

/// A name longer than this is cut, in bytes.
const LONGEST_NAME: usize = 120;

/// What `docker ps` shows: whose it is.
pub(super) fn name(order: &ArmOrder) -> String {
    let name = format!("isobench-{}-{}.{}-{}", order.run.0, order.attempt.item.0, order.attempt.n, order.stage.name());
    let fits = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_') { c } else { '-' };
    name.chars().map(fits).take(LONGEST_NAME).collect()
}

/// A port on which nobody listens, neither on loopback nor elsewhere. Somebody may come before the server does: then that
/// one says so.
pub(super) fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0))?.local_addr()?.port())
}

/// The variables of our own environment that it gets.
pub(super) fn passed(order: &ArmOrder) -> Vec<(String, String)> {
    order.pass.iter().filter_map(|name| Some((name.clone(), environment::variable(name)?))).collect()
}

/// All that the engine is to know. `io` is the folder that it sees.
pub(super) fn body(order: &ArmOrder, io: &Path, port: u16) -> ContainerCreateBody {
    let mut env: Vec<String> = passed(order).into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    env.extend(order.set.iter().cloned());
    env.push(format!("{PORT_VARIABLE}={port}"));
    let label = |name: &str, value: String| (name.to_owned(), value);
    ContainerCreateBody {
        image: Some(order.image.clone()),
        // whatever user the image names: the files of `io` are for its root alone
        user: Some("0:0".to_owned()),
        entrypoint: Some(vec!["/bin/sh".to_owned()]),
        cmd: Some(vec![format!("{INSIDE}/{SCRIPT}")]),
        env: Some(env),
        labels: Some(HashMap::from([
            label(labels::RUN, order.run.0.clone()),
            label(labels::ITEM, order.attempt.item.0.clone()),
            label(labels::ATTEMPT, order.attempt.n.to_string()),
            label(labels::STAGE, order.stage.name().to_owned()),
        ])),
        stop_signal: Some("SIGTERM".to_owned()),
        // what an image has of that would run beside the benchmark
        healthcheck: Some(HealthConfig { test: Some(vec!["NONE".to_owned()]), ..HealthConfig::default() }),
        host_config: Some(host(order, io)),
        ..ContainerCreateBody::default()
    }
}

fn host(order: &ArmOrder, io: &Path) -> HostConfig {
    let bind = |from: &Path, to: &str, read_only| Bind {
        typ: Some(MountType::BIND),
        source: Some(from.to_string_lossy().into_owned()),
        target: Some(to.to_owned()),
        read_only: Some(read_only),
        ..Bind::default()
    };
    let mut mounts = vec![bind(io, INSIDE, false)];
    mounts.extend(order.mounts.iter().map(|mount| bind(&mount.from, &mount.to, mount.read_only)));
    let gpus = DeviceRequest {
        driver: Some(String::new()),
        device_ids: Some(order.gpus.clone()),
        capabilities: Some(vec![vec!["gpu".to_owned()]]),
        ..DeviceRequest::default()
    };
    // the script prints nothing there; a shell that can't read it does
    let log = HashMap::from([("max-size", "1m"), ("max-file", "1")]);
    let log = log.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    HostConfig {
        mounts: Some(mounts),
        network_mode: Some("host".to_owned()),
        ipc_mode: order.ipc_host.then(|| "host".to_owned()),
        shm_size: i64::try_from(order.shm).ok().filter(|bytes| *bytes > 0),
        device_requests: Some(vec![gpus]).filter(|_| !order.gpus.is_empty()),
        log_config: Some(HostConfigLogConfig { typ: Some("json-file".to_owned()), config: Some(log) }),
        restart_policy: Some(RestartPolicy { name: Some(RestartPolicyNameEnum::NO), maximum_retry_count: None }),
        auto_remove: Some(false),
        ..HostConfig::default()
    }
}
