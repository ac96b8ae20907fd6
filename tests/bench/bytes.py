#!/usr/bin/env python3
"""Bytes a second to a terminal: a finished run, a run that sleeps, and a busy one (the demo), beside htop and btop.

  tests/bench/bytes.py PTY_MEASURE [--secs 20] [--size 120x40] [--binary target/release/isobench-tui]

PTY_MEASURE is the program that tests/bench/screen.py needs. Targets: 0 for what is finished, the clock alone for what sleeps,
below 15,000 for what is busy.
"""
import argparse, importlib.util, json, os, pathlib, shutil, subprocess, sys, tempfile, time

HERE = pathlib.Path(__file__).resolve().parents[2]


def main():
    arguments = argparse.ArgumentParser(usage=__doc__)
    arguments.add_argument("tool")
    arguments.add_argument("--secs", type=float, default=20)
    arguments.add_argument("--size", default="120x40")
    arguments.add_argument("--binary", default=str(HERE / "target/release/isobench-tui"))
    o = arguments.parse_args()
    spec = importlib.util.spec_from_file_location("screen", HERE / "tests/bench/screen.py")
    screen = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(screen)

    def tell(what, command, secs=o.secs, warm=3):
        found = screen.measure(o.tool, ["--size", o.size, "--secs", str(secs), "--warm", str(warm), "--self-only"], *command)
        print(f"{what}: {found['bytes_per_s']} bytes/s, {found['cpu_pct']:.2f} % of a core, {found['peak_rss_mb']:.1f} MB", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        os.environ.update(XDG_STATE_HOME=str(root / "home"), XDG_CONFIG_HOME=str(root / "config"))
        (root / "finished").mkdir()
        screen.ledger(root / "finished", 10_000)
        tell("without a runner", [o.binary, "attach", "--root", root / "finished"])
        screen.sleeping(root / "sleeping", o.binary)
        try:
            tell("a run that sleeps", [o.binary, "attach", "--root", root / "sleeping"])
        finally:
            subprocess.run([o.binary, "ctl", "quit-now", "--root", root / "sleeping"], capture_output=True)
        subprocess.run([o.binary, "demo", "--dir", root / "demo", "--speed", "1", "--detach"], check=True, capture_output=True)
        tell("a busy run (the demo)", [o.binary, "attach", "--root", root / "demo"], 40, 1)
        for peer in ("htop", "btop"):
            if shutil.which(peer):
                tell(f"{peer}, at the same time", [peer], 12, 2)
        subprocess.run([o.binary, "ctl", "quit-now", "--root", root / "demo"], capture_output=True)


main()
