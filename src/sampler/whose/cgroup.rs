//! Control groups: which container a process is in, and where the kernel counts what that uses. Both versions, side by side too.

use std::fs;
use std::path::{Path, PathBuf};

/// Digits of a container's id, as every engine writes it.
const DIGITS: usize = 64;

/// The groups of a process: `/proc/<pid>/cgroup`, cgroups(7).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::sampler) struct Membership {
    /// Controllers and path. Of version 2 the controllers are empty.
    groups: Vec<(Vec<String>, String)>,
}

impl Membership {
    /// Of a process; empty where it does not tell.
    pub(in crate::sampler) fn of(pid: i32) -> Self {
        Self::parse(&fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default())
    }

    /// Lines `4:memory:/docker/…` of version 1, `0::/system.slice/docker-….scope` of version 2.
    fn parse(text: &str) -> Self {
        let group = |line: &str| {
            let (_, rest) = line.split_once(':')?;
            let (controllers, path) = rest.split_once(':')?;
            Some((controllers.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect(), path.to_owned()))
        };
        Self { groups: text.lines().filter_map(group).collect() }
    }

    /// Ids of the containers that it is in, the outermost first.
    pub(in crate::sampler) fn containers(&self) -> Vec<String> {
        let mut ids: Vec<String> = Vec::new();
        for id in self.groups.iter().flat_map(|(_, path)| path.split('/')).filter_map(container) {
            if !ids.iter().any(|known| known == id) {
                ids.push(id.to_owned());
            }
        }
        ids
    }

    /// The folder in which a controller counts for a container that the process is in.
    pub(in crate::sampler) fn folder(&self, mounts: &Mounts, controller: &str, id: &str) -> Option<PathBuf> {
        let mount = mounts.all.iter().find(|mount| mount.controllers.iter().any(|name| name == controller));
        let first = mount.and_then(|mount| {
            let (_, path) = self.groups.iter().find(|(controllers, _)| controllers.iter().any(|name| name == controller))?;
            mount.folder(path, id)
        });
        // beside the first version the second one has no controllers, but for those that the first was told to leave
        first.or_else(|| {
            let (_, path) = self.groups.iter().find(|(controllers, _)| controllers.is_empty())?;
            mounts.all.iter().find(|mount| mount.controllers.is_empty())?.folder(path, id)
        })
    }
}

/// The id of the container that a component of a path names. Docker, containerd and Kubernetes write `<id>`, with systemd
/// `docker-<id>.scope`, `cri-containerd-<id>.scope`, `crio-<id>.scope`, `libpod-<id>.scope`; what watches over a container from
/// outside (`libpod-conmon-<id>`, `crio-conmon-<id>`) is not in it.
fn container(component: &str) -> Option<&str> {
    let name = component.strip_suffix(".scope").unwrap_or(component);
    let (before, id) = name.split_at_checked(name.len().checked_sub(DIGITS)?)?;
    let is_id = id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    // runc without its systemd driver keeps the colons of `system.slice:docker:<id>`
    let is_apart = before.is_empty() || before.ends_with(['-', ':']);
    (is_id && is_apart && !before.ends_with("conmon-")).then_some(id)
}

/// Where control groups are mounted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::sampler) struct Mounts {
    all: Vec<Mount>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Mount {
    /// Its controllers; empty of version 2, whose groups say themselves what they have.
    controllers: Vec<String>,
    /// Which group it shows as its root: in a container that may be the container's own.
    root: String,
    /// The folder.
    at: PathBuf,
}

impl Mounts {
    /// As this process sees them.
    pub(in crate::sampler) fn read() -> Self {
        Self::parse(&fs::read_to_string("/proc/self/mountinfo").unwrap_or_default())
    }

    /// Lines `36 35 98:0 /root /at rw,… shared:1 - cgroup cgroup rw,cpu,cpuacct`: proc_pid_mountinfo(5).
    fn parse(text: &str) -> Self {
        let mount = |line: &str| {
            let (place, kind) = line.split_once(" - ")?;
            let mut place = place.split(' ').skip(3);
            let (root, at) = (place.next()?.to_owned(), PathBuf::from(place.next()?));
            let mut kind = kind.split(' ');
            let controllers = match kind.next()? {
                "cgroup" => kind.nth(1)?.split(',').map(str::to_owned).collect(),
                "cgroup2" => Vec::new(),
                _ => return None,
            };
            Some(Mount { controllers, root, at })
        };
        Self { all: text.lines().filter_map(mount).collect() }
    }
}

impl Mount {
    /// The container's folder within it, by the path of one of its processes: that may be in a group further down.
    fn folder(&self, path: &str, id: &str) -> Option<PathBuf> {
        let inside = if self.root == "/" { Path::new(path) } else { Path::new(path).strip_prefix(&self.root).ok()? };
        let mut folder = self.at.clone();
        for component in inside.iter().filter(|component| *component != "/") {
            folder.push(component);
            if component.to_str().and_then(container) == Some(id) {
                return Some(folder);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn ids(lines: &str) -> Vec<String> {
        Membership::parse(&lines.replace("<A>", A).replace("<B>", B)).containers()
    }

    #[test]
    fn every_drivers_path_names_its_container() {
        let paths = [
            "0::/system.slice/docker-<A>.scope",
            "0::/docker/<A>",
            "4:memory:/docker/<A>\n3:cpu,cpuacct:/docker/<A>\n0::/",
            "1:name=systemd:/system.slice/docker-<A>.scope\n0::/system.slice/containerd.service",
            "0::/docker-<A>.scope/init.scope",
            "0::/../docker-<A>.scope",
            "0::/../<A>",
            "0::/my.slice/<A>",
            "0::/system.slice:docker:<A>",
            "0::/user.slice/user-1000.slice/user@1000.service/app.slice/docker-<A>.scope",
            "0::/kubepods/burstable/pod5a9e1a2c-1b2d-4b52-9c2f-0a1b2c3d4e5f/<A>",
            "0::/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod5a9e1a2c_1b2d.slice/cri-containerd-<A>.scope",
            "0::/kubepods.slice/kubepods-pod5a9e.slice/crio-<A>.scope/container",
            "11:memory:/kubepods.slice/kubepods-pod5a9e.slice/docker-<A>.scope",
            "0::/machine.slice/libpod-<A>.scope",
            "0::/machine.slice/libpod-<A>.scope/container",
            "0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-<A>.scope/container",
            "0::/libpod_parent/libpod-<A>",
            "2:pids:/machine.slice/libpod-payload-<A>",
            "0::/system.slice/nerdctl-<A>.scope",
            "0::/default/<A>",
        ];
        for path in paths {
            assert_eq!(ids(path), [A], "{path}");
        }
    }

    #[test]
    fn a_container_in_a_container_names_both_the_outer_one_first() {
        assert_eq!(ids("0::/docker/<B>/docker/<A>"), [B, A]);
        assert_eq!(ids("0::/system.slice/docker-<A>.scope/kubelet/kubepods/pod1/<B>"), [A, B]);
    }

    #[test]
    fn what_is_in_no_container_names_none() {
        let paths = [
            "",
            "0::/",
            "nonsense",
            "0::/user.slice/user-1000.slice/session-3.scope",
            "0::/system.slice/docker.service",
            "0::/machine.slice/libpod-conmon-<A>.scope",
            "0::/kubepods.slice/kubepods-pod5a9e.slice/crio-conmon-<A>.scope",
            "0::/docker/buildkit/abcdefghijklmnopqrstuvwxy",
            "0::/docker/<A>0",
            "0::/slurm/uid_1000/job_123/step_0",
            "0::/kubepods/besteffort/pod5a9e1a2c-1b2d-4b52-9c2f-0a1b2c3d4e5f",
        ];
        for path in paths {
            assert_eq!(ids(path), Vec::<String>::new(), "{path}");
        }
        assert_eq!(ids(&format!("0::/docker/{}", A.to_uppercase())), Vec::<String>::new());
        assert_eq!(ids(&format!("0::/docker/x{A}")), Vec::<String>::new(), "part of a longer word");
        assert_eq!(ids("0::/docker/ééééééééééééééééééééééééééééééééééé"), Vec::<String>::new());
    }

    fn folder(mounts: &str, groups: &str, controller: &str) -> Option<String> {
        let groups = Membership::parse(&groups.replace("<A>", A));
        let found = groups.folder(&Mounts::parse(&mounts.replace("<A>", A)), controller, A)?;
        Some(found.display().to_string().replace(A, "<A>"))
    }

    #[test]
    fn version_2_counts_everything_in_one_folder() {
        let mounts = "35 24 0:30 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate";
        let groups = "0::/system.slice/docker-<A>.scope/init.scope";
        assert_eq!(folder(mounts, groups, "memory").as_deref(), Some("/sys/fs/cgroup/system.slice/docker-<A>.scope"));
        assert_eq!(folder(mounts, "0::/system.slice/ssh.service", "memory"), None);
    }

    #[test]
    fn version_1_has_a_folder_a_controller_and_leaves_the_rest_to_version_2() {
        let mounts = "30 25 0:26 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n\
                      31 25 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n\
                      32 25 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw";
        let groups = "4:memory:/docker/<A>\n3:cpu,cpuacct:/docker/<A>/sub\n0::/docker/<A>";
        assert_eq!(folder(mounts, groups, "cpuacct").as_deref(), Some("/sys/fs/cgroup/cpu,cpuacct/docker/<A>"));
        assert_eq!(folder(mounts, groups, "memory").as_deref(), Some("/sys/fs/cgroup/memory/docker/<A>"));
        assert_eq!(folder(mounts, groups, "pids").as_deref(), Some("/sys/fs/cgroup/unified/docker/<A>"));
    }

    #[test]
    fn a_mount_that_shows_a_part_shows_only_what_is_in_it() {
        let mounts = "31 25 0:27 /docker/<A> /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory";
        assert_eq!(folder(mounts, "4:memory:/docker/<A>", "memory"), None, "its own name is above");
        let mounts = "31 25 0:27 /docker /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory";
        assert_eq!(folder(mounts, "4:memory:/docker/<A>", "memory").as_deref(), Some("/sys/fs/cgroup/memory/<A>"));
    }
}
