#!/usr/bin/env python3
"""What the sampler costs: processor time, memory, and disk a day, over eight GPUs of the stand-in in fixtures/nvml.

  tests/bench/sampler.py [--secs 60] [--binary target/release/isobench-tui]

Three machines: `none` without a driver, `eight` that serve a model (fixtures/nvml/eight.nvml), and `worst`, where every reading of
eight GPUs moves all the time. Disk a day is that of a day in which arms always run: nothing is dropped. It is made of
the bytes a second that were written, the part of two hours and forty minutes that lies there plain, and all of it packed.
Beside it `nvidia-smi dmon`, btop and bottom at one second, where they are there, with the stand-in in LD_LIBRARY_PATH.
Needs cc. Quiet machines only: it says what load it met.
"""
import argparse, gzip, json, os, pathlib, platform, pty, shutil, signal, subprocess, sys, tempfile, threading, time

HERE = pathlib.Path(__file__).resolve().parents[2]
DAY = 86_400
# what lies there plain at most: two hours, half an hour until the next cut, and a stretch before the header where it is cut
PLAIN = 2 * 3600 + 1800 + 600

WORST = """driver 550.54.15
cuda 12040
gpus 8
gpu * name NVIDIA H100 80GB HBM3
gpu * total 85520809984
gpu * util sine 10 100 7
gpu * mem_util sine 5 90 11
gpu * memory sine 10000000000 80000000000 97
gpu * power_mw sine 100000 700000 13
gpu * limit_mw sine 500000 700000 31
gpu * energy_mj rise 1000000000000 560123
gpu * temp sine 30 90 17
gpu * fan sine 30 100 19
gpu * sm_mhz sine 345 1980 23
gpu * mem_mhz sine 400 2619 29
gpu * pstate sine 0 8 9
gpu * throttle square 1 4 3
gpu * ecc 1
gpu * ecc_corrected rise 0 3
gpu * ecc_uncorrected rise 0 1
gpu * pcie_gen sine 1 5 8
gpu * pcie_width 16
gpu * max_pcie_gen 5
gpu * max_pcie_width 16
gpu * tx_kb sine 200000 5200000 20
gpu * rx_kb sine 90000 9100000 20
""" + "".join(f"process {os.getpid() if n == 0 else 400000 + n} gpu {n} memory {70_000_000_000 + n} sm {80 + n}\n" for n in range(8))


def stand_in(folder):
    library = folder / "libnvidia-ml.so.1"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, HERE / "fixtures/nvml/nvml.c", "-lm", "-lpthread"], check=True)
    return library


def cpu_s(pid):
    """Seconds of a processor that a process and its threads took, to the nanosecond."""
    return sum(int(task.joinpath("schedstat").read_text().split()[0]) for task in pathlib.Path(f"/proc/{pid}/task").iterdir()) / 1e9


def memory_mb(pid):
    """Resident memory, and its part of what is shared, in MB."""
    rows = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:] if ":" in line)
    return [int(rows[name].split()[0]) * 1024 / 1e6 for name in ("Rss", "Pss")]


def watched(pid, secs):
    """Percent of a core, and memory, while it works; its first seconds are those of its start."""
    time.sleep(3)
    before, began = cpu_s(pid), time.monotonic()
    most = [0.0, 0.0]
    while time.monotonic() - began < secs:
        time.sleep(1)
        most = [max(pair) for pair in zip(most, memory_mb(pid))]
    return 100 * (cpu_s(pid) - before) / (time.monotonic() - began), *most


def sampler(o, root, name, script, library):
    folder = root / name
    folder.mkdir()
    (folder / "script.nvml").write_text(script)
    env = {**os.environ, "ISOBENCH_TUI_NVML": str(library), "ISOBENCH_NVML_SCRIPT": str(folder / "script.nvml")}
    disks = [word for disk in (folder, HERE, "/") for word in ("--disk", disk)]
    child = subprocess.Popen([o.binary, "sample-machine", folder, *disks], env=env, stdin=subprocess.PIPE)
    threads = None
    try:
        cpu, rss, pss = watched(child.pid, o.secs)
        threads = len(os.listdir(f"/proc/{child.pid}/task"))
    finally:
        child.stdin.close()
        code = child.wait()
    if code:
        sys.exit(f"the sampler ended with {code}")
    lines = (folder / "telemetry.jsonl").read_bytes().splitlines(keepends=True)
    gpus = max(len(json.loads(line).get("is", {}).get("gpus", {})) for line in lines)
    # a header and the whole machine behind it come every ten minutes; the rest says what changed
    begins = [n for n, line in enumerate(lines) if b'"header":' in line[:40]]
    once = [lines[begins[-1]], lines[begins[-1] + 1]]
    changes = lines[begins[-1] + 2:]
    a_second = [len(b"".join(changes)) / len(changes), len(gzip.compress(b"".join(changes))) / len(changes)]
    at_once = [len(b"".join(once)) / 600, len(gzip.compress(b"".join(once))) / 600]
    plain, packed = map(sum, zip(a_second, at_once))
    rolled = sum(max(map(len, (folder / f"telemetry.{part}s.jsonl").read_bytes().splitlines(keepends=True))) / part for part in (10, 60))
    day = (plain * PLAIN + packed * (DAY - PLAIN) + rolled * DAY) / 1e6
    print(f"sampler, {name:<6} {gpus} GPUs: {cpu:.2f} % of a core, {rss:.1f} MB resident ({pss:.1f} MB its part), {threads} threads; "
          f"{plain:.0f} B/s, packed {packed:.0f} B/s, roll-ups {rolled:.0f} B/s: {day:.1f} MB a day", flush=True)


def peer(o, name, command, library, root):
    if not shutil.which(command[0]):
        print(f"{name}: not installed here, no figures")
        return
    env = {**os.environ, "LD_LIBRARY_PATH": str(library.parent), "TERM": "xterm-256color", "COLUMNS": "200", "LINES": "60", "LANG": "C.UTF-8", "XDG_CONFIG_HOME": str(root / "config")}
    pid, master = pty.fork()
    if pid == 0:
        os.execvpe(command[0], command, env)
    drawn = [0]

    def drain():
        try:
            while block := os.read(master, 65536):
                drawn[0] += len(block)
        except OSError:
            pass

    threading.Thread(target=drain, daemon=True).start()
    try:
        cpu, rss, pss = watched(pid, o.secs)
        print(f"{name}: {cpu:.2f} % of a core, {rss:.1f} MB resident ({pss:.1f} MB its part), {drawn[0] / (o.secs + 3):.0f} B/s drawn", flush=True)
    except OSError as error:
        print(f"{name}: ended at once ({error})")
    finally:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        os.waitpid(pid, 0)


def main():
    arguments = argparse.ArgumentParser(usage=__doc__)
    arguments.add_argument("--secs", type=int, default=60)
    arguments.add_argument("--binary", type=pathlib.Path, default=HERE / "target/release/isobench-tui")
    o = arguments.parse_args()
    o.binary = o.binary.resolve()
    if not o.binary.exists():
        sys.exit(f"{o.binary} is not there: cargo build --release")
    print(f"{os.cpu_count()} cores ({platform.machine()}), Linux {platform.release()}; load {os.getloadavg()[0]:.1f}", flush=True)
    root = pathlib.Path(tempfile.mkdtemp(prefix="isobench-bench-"))
    try:
        library = stand_in(root)
        eight = (HERE / "fixtures/nvml/eight.nvml").read_text()
        sampler(o, root, "none", "", root / "nothing.so")
        sampler(o, root, "eight", eight, library)
        sampler(o, root, "worst", WORST, library)
        os.environ["ISOBENCH_NVML_SCRIPT"] = str(root / "eight/script.nvml")
        # older ones know no switch for it
        (root / "config/btop").mkdir(parents=True)
        (root / "config/btop/btop.conf").write_text("update_ms = 1000\n")
        peer(o, "nvidia-smi dmon", ["nvidia-smi", "dmon", "-d", "1"], library, root)
        peer(o, "btop", ["btop"], library, root)
        peer(o, "bottom", ["btm", "--rate", "1000"], library, root)
    finally:
        shutil.rmtree(root)


if __name__ == "__main__":
    main()
