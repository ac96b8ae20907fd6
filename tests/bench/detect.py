#!/usr/bin/env python3
"""What `detect` and `inspect` cost, beside Python that does nothing but parse.

  tests/bench/detect.py [--rounds 5] [--shared ../shared] [--binary target/release/isobench-tui]

detect: all trajectories of the corpus and of the labelled loops, unpacked into a temporary folder: MB/s of the program on
all cores, and of a Python script that only reads and `json.load`s each of them on one core, in turn; medians of the rounds,
and the highest RSS. inspect: the JSON of the largest trajectory, median of 20, beside `python3 -c json.load`.
"""
import argparse, gzip, os, pathlib, shutil, statistics, subprocess, sys, tempfile, time

HERE = pathlib.Path(__file__).resolve().parents[2]
PARSE_ALL = "import json, pathlib, sys\nfor path in sorted(pathlib.Path(sys.argv[1]).iterdir()):\n    json.load(open(path))\n"
PARSE_ONE = "import json, sys; json.load(open(sys.argv[1]))"


def timed(*command):
    """Seconds by the clock, CPU seconds, peak RSS in MB."""
    began = time.monotonic()
    pid = os.posix_spawnp(
        command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0), (os.POSIX_SPAWN_OPEN, 2, "/dev/null", os.O_WRONLY, 0)]
    )
    _, status, used = os.wait4(pid, 0)
    seconds = time.monotonic() - began
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"{command[:2]} ended with {os.waitstatus_to_exitcode(status)}")
    return seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1000


def medians(rounds):
    return [statistics.median(column) for column in zip(*rounds)]


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--rounds", type=int, default=5)
    args.add_argument("--shared", type=pathlib.Path, default=HERE.parent / "shared")
    args.add_argument("--binary", default=str(HERE / "target/release/isobench-tui"))
    args = args.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        flat = folder / "all"
        flat.mkdir()
        packed = sorted((args.shared / "loops/runs").glob("*.gz"))
        plain = sorted((args.shared / "corpus/state/runs").rglob("trajectory.json"))
        for nth, path in enumerate(packed + plain):
            data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
            (flat / f"{nth:04}.json").write_bytes(data)
        size = sum(path.stat().st_size for path in flat.iterdir()) / 1e6
        largest = max((args.shared / "trajectories/trae/public").glob("*.trajectory.json"), key=lambda path: path.stat().st_size)
        print(f"{len(packed) + len(plain)} trajectories, {size:.1f} MB; {os.cpu_count()} cores")
        ours, python = [], []
        for _ in range(args.rounds):
            ours.append(timed(args.binary, "detect", str(flat)))
            python.append(timed("python3", "-c", PARSE_ALL, str(flat)))
        for name, rounds in (("detect", ours), ("python json.load", python)):
            seconds, cpu, _ = medians(rounds)
            print(f"{name:18} {size / seconds:7.0f} MB/s  {seconds * 1e3:7.0f} ms  {cpu * 1e3:7.0f} ms of CPU  {max(r[2] for r in rounds):5.0f} MB")
        one = [[timed(args.binary, "inspect", "--format", "json", str(largest)), timed("python3", "-c", PARSE_ONE, str(largest))] for _ in range(20)]
        for name, rounds in (("inspect json", [r[0] for r in one]), ("python json.load", [r[1] for r in one])):
            seconds, cpu, _ = medians(rounds)
            print(f"{name:18} {largest.stat().st_size / 1e6:.1f} MB in {seconds * 1e3:.1f} ms, {cpu * 1e3:.1f} ms of CPU, {max(r[2] for r in rounds):.0f} MB")


if __name__ == "__main__":
    main()
