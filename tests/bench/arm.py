#!/usr/bin/env python3
"""What an arm costs through us (keeper, worker, container, outcome, removal) beside `docker run --rm` of the same image, script and
mounts by hand, in alternating rounds on a private dockerd.

  tests/bench/arm.py [--rounds 5] [--secs 10] [--driver vfs overlay2] [--image 50] [--binary target/release/isobench-tui]

The script sleeps --secs; the image has --image MB beside busybox. Needs root, dockerd and docker: tests/engine starts an engine and
ends it. Prints medians with their spread, and what is on top. Target: below 2 % of ten seconds, 200 ms. Exits with 1 where it is more,
or where a container is left.
"""
import argparse, io, json, os, pathlib, platform, shutil, signal, statistics, subprocess, sys, tarfile, tempfile, time

HERE = pathlib.Path(__file__).resolve().parents[2]
MB = 1_000_000

# the marks are those that every arm leaves
SCRIPT = """cd /isobench-tui
mark() { echo "$*" >>marks; }
mark phase prepare; mark phase start; mark phase ready; mark phase bench
sleep %s
echo done >>out; mark client 0
"""


class Bed:
    """A dockerd below a folder, for as long as we live."""

    def __init__(self, root, driver, megabytes):
        self.folder = root / driver
        self.folder.mkdir()
        self.guard = subprocess.Popen([HERE / "tests/engine", "guard", self.folder], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        done = subprocess.run([HERE / "tests/engine", "start", self.folder, driver], capture_output=True, text=True)
        if done.returncode:
            self.end()
            sys.exit(f"tests/engine start: {done.stdout}{done.stderr}")
        self.env = {**os.environ, "DOCKER_HOST": f"unix://{self.folder}/d.sock", "DOCKER_CONFIG": str(self.folder / "config"), "HF_TOKEN": "hf_none-at-all"}
        self.env.pop("DOCKER_CONTEXT", None)
        subprocess.run(["docker", "import", "-", "arm:1"], input=image(megabytes), env=self.env, check=True, stdout=subprocess.DEVNULL)

    def end(self):
        self.guard.stdin.close()
        self.guard.wait()

    def docker(self, *words):
        return subprocess.run(["docker", *words], env=self.env, check=True, capture_output=True, text=True).stdout.strip()


def image(megabytes):
    """busybox, and some weight in a few hundred files."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        tar.add("/bin/busybox", "bin/busybox")
        for name in ("sh", "sleep", "echo"):
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(link)
        for n in range(200):
            entry = tarfile.TarInfo(f"opt/{n}")
            entry.size = megabytes * MB // 200
            tar.addfile(entry, io.BytesIO(os.urandom(entry.size)))
    return out.getvalue()


def stage(root, nth, secs):
    """A stage's folder as the runner makes it, and a file that is mounted."""
    folder = root / f"stage-{nth}"
    (folder / "io").mkdir(parents=True, mode=0o700)
    (folder / "io/arm.sh").write_text(SCRIPT % secs)
    data = root / "set.json"
    data.write_text("[]")
    return folder, data


def by_hand(bed, root, nth, secs):
    folder, data = stage(root, nth, secs)
    command = ["docker", "run", "--rm", "--network=host", "--shm-size=16g", "-e", "HF_TOKEN", "-v", f"{folder}/io:/isobench-tui",
               "-v", f"{data}:/data/set.json:ro", "--entrypoint", "/bin/sh", "arm:1", "/isobench-tui/arm.sh"]
    began = time.monotonic()
    subprocess.run(command, env=bed.env, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - began


def by_us(bed, root, nth, secs, binary):
    folder, data = stage(root, nth, secs)
    order = {"run": "2026-11-22_00-00-00-beef", "attempt": {"item": "bench-0001", "n": nth}, "stage": "human", "image": "arm:1", "kind": "serving",
             "pass": ["HF_TOKEN"], "set": [], "mounts": [{"from": str(data), "to": "/data/set.json", "read_only": True}], "shm": 16 << 30,
             "ipc_host": False, "gpus": [], "ready_ms": 900_000, "bench_ms": 1_500_000}
    (folder / "order.json").write_text(json.dumps(order))
    spec = {"tag": f"bench:{folder}", "commands": [{"argv": [str(binary), "run-arm", str(folder)], "cwd": str(folder)}], "grace_ms": 30_000, "pauses_itself": True}
    (folder / "spec.json").write_text(json.dumps(spec))
    began = time.monotonic()
    subprocess.run([binary, "keeper", folder], env=bed.env, check=True)
    took = time.monotonic() - began
    outcome, end = (json.loads((folder / name).read_text()) for name in ("outcome.json", "exit.json"))
    assert outcome["end"] == "exited" and outcome["code"] == 0, outcome
    assert "exited" in json.dumps(end), end
    return took


def told(name, times):
    print(f"  {name:<12} {statistics.median(times):8.3f} s   {min(times):.3f} to {max(times):.3f}", flush=True)


def bench(bed, root, o):
    print(f"{bed.docker('info', '-f', '{{.Driver}}')}, {o.image} MB, load {os.getloadavg()[0]:.1f}:", flush=True)
    hand, ours = [], []
    # the first of each is not counted: caches are cold
    for nth in range(o.rounds + 1):
        pair = [lambda: hand.append(by_hand(bed, root, 2 * nth, o.secs)), lambda: ours.append(by_us(bed, root, 2 * nth + 1, o.secs, o.binary))]
        for one in pair if nth % 2 else pair[::-1]:
            one()
    hand, ours = hand[1:], ours[1:]
    told("docker run", hand)
    told("ours", ours)
    over = statistics.median(ours) - statistics.median(hand)
    left = bed.docker("ps", "-aq").split()
    print(f"  on top: {1000 * over:.0f} ms, {100 * over / 10:.2f} % of ten seconds; containers left: {len(left)}", flush=True)
    return over < 0.2 and not left


def main():
    arguments = argparse.ArgumentParser(usage=__doc__.replace("%", "%%"))
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--secs", type=float, default=10)
    arguments.add_argument("--driver", nargs="+", choices=["vfs", "overlay2"], default=["vfs", "overlay2"])
    arguments.add_argument("--image", type=int, default=50)
    arguments.add_argument("--binary", type=pathlib.Path, default=HERE / "target/release/isobench-tui")
    o = arguments.parse_args()
    o.binary = o.binary.resolve()
    if not o.binary.exists():
        sys.exit(f"{o.binary} is not there: cargo build --release")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    print(f"{os.cpu_count()} cores of {model}, Linux {platform.release()}, {o.rounds} rounds of {o.secs:g} s", flush=True)
    root = pathlib.Path(tempfile.mkdtemp(prefix="isobench-bench-"))
    well = True
    try:
        for driver in o.driver:
            folder = root / f"stages-{driver}"
            folder.mkdir()
            bed = Bed(root, driver, o.image)
            try:
                well = bench(bed, folder, o) and well
            finally:
                bed.end()
    finally:
        shutil.rmtree(root)
    sys.exit(not well)


main()
