"""Runs ISO-Bench's run_3way_benchmarks.py, untouched, on one folder of patches: SCRIPT PATCHES RESULTS [flags of the script]."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

script, patches, results, *flags = sys.argv[1:]
sys.dont_write_bytecode = True
# what Python itself would look in first
sys.path = [str(Path(script).parent)] + [folder for folder in sys.path if folder]
spec = importlib.util.spec_from_file_location("run_3way_benchmarks", script)
module = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = module
spec.loader.exec_module(module)
# `<run>/<item>.<n>/<stage>`: its containers say whose they are, else they would look like somebody else's on the GPU
run, attempt, stage = (os.environ.get("ISOBENCH_STAGE_ID", "").rsplit("/", 2) + ["", ""])[:3]
item, _, n = attempt.rpartition(".")
labels = [f"--label=isobench-tui.{name}={value}" for name, value in (("run", run), ("item", item), ("attempt", n), ("stage", stage))]
start = subprocess.Popen.__init__


def with_labels(self, args, *more, **named):
    if isinstance(args, (list, tuple)) and list(map(str, args[:2])) == ["docker", "run"] and all((run, item, n, stage)):
        args = [*args[:2], *labels, *args[2:]]
    start(self, args, *more, **named)


subprocess.Popen.__init__ = with_labels
tables = [getattr(module, name, None) for name in ("AGENT_CONFIGS", "AGENT_OUTPUT_DIRS")]
main = getattr(module, "main", None)
if not all(isinstance(table, dict) for table in tables) or not callable(main):
    print(f"{script} has no tables AGENT_CONFIGS and AGENT_OUTPUT_DIRS, or no main(): isobench-tui knows another form of it", file=sys.stderr)
    sys.exit(2)
# its main joins the first with its root, which an absolute path replaces
tables[0]["isobench_tui"] = patches
tables[1]["isobench_tui"] = Path(results)
sys.argv = [script, "--agent-type", "isobench_tui", *flags]
main()
