#!/usr/bin/env python3
"""Screen 4 with eight GPUs at one second: processor time and bytes to the terminal, beside btop and bottom on the same machine.

  tests/bench/machine.py PTY_MEASURE [--secs 40] [--sizes 120x40 200x60] [--eight] [--binary target/release/isobench-tui]

The GPUs are the stand-in's in fixtures/nvml, `worst` of tests/bench/sampler.py: every reading moves all the time; with --eight those that
serve a model, eight.nvml. The run's sampler is
the runner's, and not counted: tests/bench/sampler.py is for that. PTY_MEASURE is the program that tests/bench/screen.py needs.
Targets: below 1 % of a core, below 4,000 bytes/s.
"""
import argparse, importlib.util, os, pathlib, shutil, subprocess, tempfile

HERE = pathlib.Path(__file__).resolve().parents[2]


def script(name):
    spec = importlib.util.spec_from_file_location(name, HERE / f"tests/bench/{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main():
    arguments = argparse.ArgumentParser(usage=__doc__)
    arguments.add_argument("tool")
    arguments.add_argument("--secs", type=float, default=40)
    arguments.add_argument("--sizes", nargs="+", default=["120x40", "200x60"])
    arguments.add_argument("--eight", action="store_true")
    arguments.add_argument("--binary", default=str(HERE / "target/release/isobench-tui"))
    o = arguments.parse_args()
    screen, sampler = script("screen"), script("sampler")
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        library = sampler.stand_in(root)
        (root / "script.nvml").write_text((HERE / "fixtures/nvml/eight.nvml").read_text() if o.eight else sampler.WORST)
        os.environ.update(XDG_STATE_HOME=str(root / "home"), XDG_CONFIG_HOME=str(root / "config"), LD_LIBRARY_PATH=str(root),
                          ISOBENCH_TUI_NVML=str(library), ISOBENCH_NVML_SCRIPT=str(root / "script.nvml"))
        screen.sleeping(root / "run", o.binary)
        try:
            for size in o.sizes:
                ours = [o.binary, "attach", "--root", root / "run"]
                for name, command, keys in [("screen 4", ours, ["--keys", "4@500"]), ("btop", ["btop"], []), ("bottom", ["btm", "--rate", "1s"], [])]:
                    if not shutil.which(str(command[0])):
                        print(f"{name}: not installed here, no figures")
                        continue
                    window = ["--size", size, "--secs", str(o.secs), "--warm", "5", "--self-only", *keys]
                    found = screen.measure(o.tool, window, *command)
                    print(f"{size}, {name}: {found['cpu_pct']:.2f} % of a core, {found['bytes_per_s']} bytes/s, {found['peak_rss_mb']:.1f} MB", flush=True)
        finally:
            subprocess.run([o.binary, "ctl", "quit-now", "--root", root / "run"], capture_output=True)


main()
