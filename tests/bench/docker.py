#!/usr/bin/env python3
"""What pulling and pruning cost through us, beside the docker command itself, in alternating rounds on a private dockerd.

  pull   `isobench-tui pull-images FOLDER` against `docker pull` of the same image, everything removed in between
  prune  `isobench-tui prune --scope all --yes` against `docker system prune -af` of the same images

  tests/bench/docker.py [pull] [prune] [--rounds 7] [--driver vfs] [--disk 9000] [--binary target/release/isobench-tui]

Needs root, dockerd, docker and docker-registry: tests/engine starts one of each, on a file system of --disk MB of its own, and
ends them. The images are made by hand, bigger and bigger until a pull takes --least-pull seconds and a prune --least-prune.
Prints medians with their spread and the ratio. Quiet machines only: it says what load it met.
"""
import argparse, gzip, hashlib, io, json, os, pathlib, platform, random, shutil, signal, statistics, subprocess, sys, tarfile, tempfile, time
import urllib.error, urllib.request

HERE = pathlib.Path(__file__).resolve().parents[2]
MB = 1_000_000


class Bed:
    """A dockerd and a registry below a folder, for as long as we live."""

    def __init__(self, root, driver, disk):
        self.engine, self.registry = root / "engine", root / "registry"
        self.guards = []
        for folder in (self.engine, self.registry):
            folder.mkdir()
            self.guards.append(subprocess.Popen([HERE / "tests/engine", "guard", folder], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True))
        self.script("start", self.engine, driver, str(disk))
        self.script("registry", self.registry)
        self.port = int((self.registry / "port").read_text())
        self.host = f"unix://{self.engine}/d.sock"
        # nothing of the user's comes in
        self.env = {**os.environ, "DOCKER_HOST": self.host, "DOCKER_CONFIG": str(self.engine / "config"), "XDG_STATE_HOME": str(root / "state"), "XDG_CONFIG_HOME": str(root / "config")}
        self.env.pop("DOCKER_CONTEXT", None)

    def script(self, *words):
        done = subprocess.run([HERE / "tests/engine", *words], capture_output=True, text=True)
        if done.returncode:
            self.end()
            sys.exit(f"tests/engine {words[0]}: {done.stdout}{done.stderr}")

    def end(self):
        for guard in self.guards:
            guard.stdin.close()
            guard.wait()

    def docker(self, *words):
        return subprocess.run(["docker", *words], env=self.env, check=True, capture_output=True, text=True).stdout.strip()

    def clean(self):
        """Nothing is left, and nothing of it is still on its way to the disk."""
        self.docker("system", "prune", "-af")
        os.sync()

    def used(self):
        room = os.statvfs(self.engine / "data")
        return (room.f_blocks - room.f_bfree) * room.f_frsize

    def left(self):
        """What prunes compare: images, containers, networks, volumes."""
        kinds = (["images", "-aq"], ["ps", "-aq"], ["network", "ls", "-q", "--filter", "type=custom"], ["volume", "ls", "-q"])
        return [self.docker(*kind).split() for kind in kinds]

    def ask(self, method, path, body=None, kind="application/octet-stream"):
        url = path if path.startswith("http") else f"http://127.0.0.1:{self.port}{path}"
        request = urllib.request.Request(url, data=body, method=method, headers={"Content-Type": kind})
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, answer.headers
        except urllib.error.HTTPError as error:
            return error.code, error.headers

    def blob(self, repository, data):
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        if self.ask("HEAD", f"/v2/{repository}/blobs/{digest}")[0] != 200:
            place = self.ask("POST", f"/v2/{repository}/blobs/uploads/", b"")[1]["Location"]
            status, _ = self.ask("PUT", f"{place}&digest={digest}", data)
            assert status == 201, status
        return digest

    def push(self, name, layers):
        """Puts an image of these tar archives into the registry, and returns its whole name."""
        repository, tag = name.split(":")
        docker = "application/vnd.docker"
        rows = []
        for tar in layers:
            packed = gzip.compress(tar, 1, mtime=0)
            rows.append({"mediaType": f"{docker}.image.rootfs.diff.tar.gzip", "size": len(packed), "digest": self.blob(repository, packed)})
        diffs = ["sha256:" + hashlib.sha256(tar).hexdigest() for tar in layers]
        history = [{"created": "2026-11-01T00:00:00Z", "created_by": f"{name} {n}"} for n in range(len(layers))]
        config = json.dumps({"architecture": "amd64", "os": "linux", "config": {"Cmd": ["/bin/sh"]}, "rootfs": {"type": "layers", "diff_ids": diffs}, "history": history}).encode()
        manifest = {"schemaVersion": 2, "mediaType": f"{docker}.distribution.manifest.v2+json", "layers": rows,
                    "config": {"mediaType": f"{docker}.container.image.v1+json", "size": len(config), "digest": self.blob(repository, config)}}
        status, _ = self.ask("PUT", f"/v2/{repository}/manifests/{tag}", json.dumps(manifest).encode(), manifest["mediaType"])
        assert status == 201, status
        return f"127.0.0.1:{self.port}/{name}"


def layer(seed, size, files):
    """A tar archive of so many files, `size` bytes together, about half of which gzip can save."""
    dice = random.Random(seed)
    block = b"".join(dice.randbytes(4096) + bytes(4096) for _ in range(128))
    out = io.BytesIO()
    each = max(1, size // files)
    with tarfile.open(fileobj=out, mode="w") as tar:
        for n in range(files):
            entry = tarfile.TarInfo(f"opt/{seed}/{n // 500}/{n}")
            entry.size = each
            start = dice.randrange(len(block) // 2)
            part = block[start:start + each] if each < len(block) // 2 else (block * (each // len(block) + 1))[:each]
            tar.addfile(entry, io.BytesIO(part))
    return out.getvalue()


def peak_mb(pid):
    try:
        return int(pathlib.Path(f"/proc/{pid}/status").read_text().split("VmHWM:")[1].split()[0]) / 1024
    except (OSError, IndexError):
        return 0.0


def timed(command, env, cwd=None):
    """Seconds, and what the program itself took: seconds of a CPU, and MB at its peak."""
    with tempfile.TemporaryFile() as said:
        started = time.monotonic()
        child = subprocess.Popen(command, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT)
        peak = 0.0
        # what getrusage calls its peak would be ours, from before it was itself
        while (ended := os.wait4(child.pid, os.WNOHANG))[0] == 0:
            peak = max(peak, peak_mb(child.pid))
            time.sleep(0.01)
        took = time.monotonic() - started
        _, status, usage = ended
        child.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read().decode(errors="replace")
    if child.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}: exit {child.returncode}\n{text}")
    return took, usage.ru_utime + usage.ru_stime, peak


def pull_ours(bed, binary, image):
    """As the runner does it: an order in a folder, and what became of it in the same folder."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "docker").mkdir()
        (folder / "order.json").write_text(json.dumps({"run": "bench", "item": "bench", "images": [image], "state": str(folder / "docker")}))
        found = timed([binary, "pull-images", folder], bed.env)
        outcome = json.loads((folder / "outcome.json").read_text())
        assert outcome["end"] == "done", outcome
        return found


def rounds(title, count, sides, before, after):
    """Alternates the sides, each first in every other round, and prints what they took."""
    times = {name: [] for name in sides}
    costs = {name: [] for name in sides}
    for n in range(count):
        for name in list(sides) if n % 2 == 0 else reversed(list(sides)):
            before()
            load = os.getloadavg()[0]
            took, cpu, peak = sides[name]()
            after(name)
            times[name].append(took)
            costs[name].append((cpu, peak))
            print(f"  {title} {n + 1}/{count} {name:<12} {took:6.2f} s  (load {load:.1f} before)", flush=True)
    ours, theirs = (statistics.median(times[name]) for name in sides)
    for name in sides:
        spread = f"{min(times[name]):.2f} to {max(times[name]):.2f}"
        cpu, peak = (statistics.median(column) for column in zip(*costs[name]))
        print(f"{title}: {name:<12} median {statistics.median(times[name]):6.2f} s of {count} ({spread}); itself {cpu:.2f} s of CPU, {peak:.0f} MB at its peak")
    each = [ours / theirs for ours, theirs in zip(*times.values())]
    print(f"{title}: ours is {ours / theirs:.3f} times theirs; round by round {min(each):.3f} to {max(each):.3f}, median {statistics.median(each):.3f}", flush=True)


def grow(what, least, build, measure):
    """Makes the work bigger until it takes so long, and returns what was built."""
    scale = 1.0
    while True:
        built = build(scale)
        took = measure(built)
        print(f"{what}: size {scale:.1f} takes {took:.1f} s", flush=True)
        if took >= least:
            return built
        scale *= min(4, max(1.3, 1.15 * least / took))


def bench_pull(bed, o):
    def build(scale):
        # big files, and as many small ones as a Python package has, in nine layers
        layers = [layer(f"base-{scale}", int(60 * MB * scale), 20)]
        layers += [layer(f"step-{scale}-{n}", int(25 * MB * scale), 400) for n in range(8)]
        return bed.push(f"bench/pull:{scale:.2f}".replace(".", "-"), layers)

    def measure(image):
        bed.clean()
        return timed(["docker", "pull", "-q", image], bed.env)[0]

    image = grow("pull", o.least_pull, build, measure)
    room = bed.used()
    bed.clean()
    print(f"pull: {(room - bed.used()) / MB:.0f} MB on the disk by statvfs")
    ids = set()
    sides = {"isobench-tui": lambda: pull_ours(bed, o.binary, image), "docker": lambda: timed(["docker", "pull", image], bed.env)}
    rounds("pull", o.rounds, sides, bed.clean, lambda _: ids.add(bed.docker("image", "inspect", "-f", "{{.Id}}", image)))
    assert len(ids) == 1, ids


def bench_prune(bed, o):
    empty = tempfile.TemporaryDirectory()

    def build(scale):
        # what takes long to remove is not bytes but files
        return [bed.push(f"bench/prune{n}:{scale:.2f}".replace(".", "-"), [layer(f"files-{scale}-{n}", int(8 * MB * scale), int(4000 * scale))] + [layer(f"s{n}-{m}", 1000, 1) for m in range(7)]) for n in range(4)]

    def fill(images):
        bed.clean()
        for image in images:
            bed.docker("pull", "-q", image)
        bed.docker("create", "--network=none", images[0])
        os.sync()

    theirs = lambda: timed(["docker", "system", "prune", "-af"], bed.env)

    def measure(images):
        fill(images)
        return theirs()[0]

    images = grow("prune", o.least_prune, build, measure)
    lefts, used = {}, {}

    def after(name):
        lefts[name] = bed.left()
        used.setdefault(name, []).append(bed.used())

    sides = {"isobench-tui": lambda: timed([o.binary, "prune", "--scope", "all", "--yes"], bed.env, empty.name), "docker": theirs}
    full = []

    def before():
        fill(images)
        full.append(bed.used())

    rounds("prune", o.rounds, sides, before, after)
    freed = {name: statistics.median(full) - statistics.median(used[name]) for name in used}
    print(f"prune: freed by statvfs: {', '.join(f'{name} {bytes / MB:.1f} MB' for name, bytes in freed.items())}")
    print(f"prune: left the same: {'yes' if lefts['isobench-tui'] == lefts['docker'] else f'NO: {lefts}'}")
    empty.cleanup()


def machine(bed):
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    memory = next(int(line.split()[1]) / 1024**2 for line in open("/proc/meminfo") if line.startswith("MemTotal"))
    engine = bed.docker("version", "-f", "dockerd {{.Server.Version}}, docker {{.Client.Version}}")
    driver = bed.docker("info", "-f", "{{.Driver}} on {{.DockerRootDir}}")
    print(f"{os.cpu_count()} cores of {model}, {memory:.0f} GiB, Linux {platform.release()}; {engine}; {driver}; load {os.getloadavg()[0]:.1f}", flush=True)


def main():
    arguments = argparse.ArgumentParser(usage=__doc__)
    arguments.add_argument("what", nargs="*", choices=["pull", "prune", []], default=[])
    arguments.add_argument("--rounds", type=int, default=7)
    arguments.add_argument("--driver", choices=["vfs", "overlay2"], default="vfs")
    arguments.add_argument("--disk", type=int, default=9000)
    arguments.add_argument("--least-pull", type=float, default=20)
    arguments.add_argument("--least-prune", type=float, default=10)
    arguments.add_argument("--binary", type=pathlib.Path, default=HERE / "target/release/isobench-tui")
    o = arguments.parse_args()
    o.binary = o.binary.resolve()
    if not o.binary.exists():
        sys.exit(f"{o.binary} is not there: cargo build --release")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    root = pathlib.Path(tempfile.mkdtemp(prefix="isobench-bench-"))
    bed = None
    try:
        bed = Bed(root, o.driver, o.disk)
        machine(bed)
        for what, bench in (("pull", bench_pull), ("prune", bench_prune)):
            if what in (o.what or ["pull", "prune"]):
                bench(bed, o)
    finally:
        if bed:
            bed.end()
        shutil.rmtree(root)


main()
