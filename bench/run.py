"""Measures Veridic and its peers alternately and writes RESULTS.md. See README.md.

python bench/run.py                   every workload, then the binary
python bench/run.py --workloads W1    one workload; the other results are kept
python bench/run.py --render          only writes RESULTS.md anew from results/*.json
"""

import argparse
import collections
import datetime
import json
import os
import platform
import re
import shlex
import statistics
import subprocess
import sys
import time
from pathlib import Path

import render

BENCH = Path(__file__).resolve().parent
ROOT = BENCH.parent
RESULTS = BENCH / "results"
sys.path.insert(0, str(BENCH / "peers"))
from settings import HEAVY, NOTES, SETTINGS

# What keeps the peers below an instruction set: oneDNN, PyTorch's own kernels, MKL, and XLA.
LIMITS = {
    "AVX2": {
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "ATEN_CPU_CAPABILITY": "avx2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
        "XLA_FLAGS": "--xla_cpu_max_isa=AVX2",
    }
}
WORKLOADS = {
    "W1": (
        "card autoencoder",
        "29-12-29, tanh then sigmoid, mean squared error, Adam, batch 128, 17 709 card transactions",
    ),
    "W2": ("MNIST autoencoder", "784-32-784, relu then logits, binary cross-entropy, Adam, batch 256, 60 000 images"),
    "W3": (
        "MNIST variational autoencoder",
        "784-256-(32 mean, 32 log-variance)-256-784, relu, binary cross-entropy + KL, RMSprop, batch 100, 60 000 images",
    ),
    "C1": (
        "MNIST convolutional variational autoencoder",
        "28x28-conv 32 3x3/2-conv 64 3x3/2-128-(16 mean, 16 log-variance)-3136-conv transposed 32 3x3/2-conv transposed "
        "1 3x3/2, relu, binary cross-entropy + KL, Adam, batch 128, 60 000 images",
    ),
    "W6": (
        "LSTM autoencoder of series",
        "64 steps of one value, LSTM 32, its last state at each of 64 steps, LSTM 1, dense 1 at each step, mean squared "
        "error, Adam, batch 128, 20 480 windows",
    ),
    "W4": (
        "MNIST convolutional adversarial network",
        "generator 100-6272-upsample-conv 64 5x5-upsample-conv 1 5x5, discriminator conv 64 5x5/2-conv 128 5x5/2-1 with dropout, "
        "leaky relu, noisy labels, Adam for both, batch 128; a step is one update of the discriminator and one of the "
        "generator; 60 000 images",
    ),
    "W5": (
        "deep convolutional adversarial network of cars",
        "generator 100-3072-conv transposed 256, 128, 3 5x5/2, discriminator conv 64, 128, 256 5x5/2-1, batch "
        "normalization, Adam at separate rates, batch 128; a step is one update of the discriminator and one of the "
        "generator; 5 000 images of 32x32x3",
    ),
    "W7": (
        "semi-supervised adversarial network for card fraud",
        "generator 10-16-29, relu, discriminator 29-31-16, leaky relu, with a head for real or made and one for the "
        "class, feature matching, Adam for both, batch 64; a step is one update of the discriminator and one of the "
        "generator; 17 709 card transactions",
    ),
}


def main():
    args = arguments()
    RESULTS.mkdir(exist_ok=True)
    if not args.render:
        for name in args.workloads:
            result = steps(name, args)
            if args.aside:
                result["title"] += f", {args.aside}"
            store(f"{name}-{args.aside}" if args.aside else name, result)
        if args.binary or args.build:
            store("binary", binary(args))
    render.write(RESULTS, BENCH / "RESULTS.md")
    say(f"wrote {BENCH / 'RESULTS.md'}")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--workloads",
        type=lambda v: [w for w in v.split(",") if w],
        default=list(WORKLOADS),
        help=f"{','.join(WORKLOADS)} (default: all; '' for none)",
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0, help="per process in the alternating rounds")
    parser.add_argument("--quick-seconds", type=float, default=1.0, help="per process in the selecting pass")
    parser.add_argument("--keep", type=int, default=2, help="how many settings a peer takes into the rounds")
    parser.add_argument(
        "--settings",
        type=lambda v: [s for s in v.split(",") if s],
        default=[],
        help="only these settings of the peers, beside each peer's usual one (default: all)",
    )
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="most threads; 1 is measured too")
    parser.add_argument("--ours", default="target/release/examples/steps", help="the command that runs our steps")
    parser.add_argument("--veridic", default="target/release/veridic", help="the binary for start time and size")
    parser.add_argument("--python", default=sys.executable, help="the interpreter that has the peers")
    parser.add_argument("--no-binary", dest="binary", action="store_false", help="leave out start time and size")
    parser.add_argument("--build", action="store_true", help="also time a clean release build (minutes)")
    parser.add_argument("--aside", metavar="NAME", help="keep the results of workloads beside those there, under this name")
    parser.add_argument("--vectors", choices=sorted(LIMITS), help="no instruction set above this one, ours and the peers'")
    parser.add_argument("--render", action="store_true", help="measure nothing")
    args = parser.parse_args()
    unknown = [w for w in args.workloads if w not in WORKLOADS]
    if unknown:
        parser.error(f"unknown workload {', '.join(unknown)}; there are {', '.join(WORKLOADS)}")
    return args


def steps(name, args):
    """Selects the settings of a workload, measures them in rounds and returns everything as plain data."""
    title, about = WORKLOADS[name]
    result = {"kind": "steps", "title": f"{name}: {title}", "about": about, "machine": machine(), "notes": NOTES}
    result["machine"]["vectors"] = args.vectors or result["machine"]["vectors"]
    result["protocol"] = {
        "rounds": args.rounds,
        "seconds": args.seconds,
        "quick_seconds": args.quick_seconds,
        "keep": args.keep,
    }
    result["ours_threads"] = args.threads

    # One thread can be the better choice for small networks, so every setting is tried with one and with all.
    counts = [args.threads] if name in HEAVY else sorted({1, args.threads})
    quick = []
    for peer, entry in SETTINGS.items():
        for setting in entry["settings"]:
            if name not in entry["settings"][setting].get("only", [name]):
                continue
            if args.settings and setting not in args.settings and setting != entry["usual"]:
                continue
            for threads in counts:
                quick.append(run_peer(args, peer, setting, name, threads, args.quick_seconds))
    result["quick"] = quick

    ours = [("veridic", "default", threads) for threads in reversed(counts)]
    if not (ROOT / shlex.split(args.ours)[0]).is_file():
        say(f"ours is left out: {args.ours} is not built (cargo build --release -p veridic --example steps)")
        ours = []
    finalists = selected(quick, args.keep)
    result["rounds"] = []
    for number in range(args.rounds):
        lines = []
        for peer, setting, threads in ours + finalists:
            say(f"{name} round {number + 1} of {args.rounds}", end="  ")
            if peer == "veridic":
                lines.append(run_ours(args, name, threads))
            else:
                lines.append(run_peer(args, peer, setting, name, threads, args.seconds))
        result["rounds"].append(lines)
    return result


def selected(quick, keep):
    """Per peer: the usual setting, the best `keep`, and the best that makes one step a call; each with its better thread count."""
    chosen = []
    for peer, entry in SETTINGS.items():
        best = {}
        for line in quick:
            if line["peer"] != peer or "error" in line:
                continue
            if line["steps_per_second"] > best.get(line["setting"], {"steps_per_second": 0})["steps_per_second"]:
                best[line["setting"]] = line
        order = sorted(best, key=lambda setting: -best[setting]["steps_per_second"])
        single = [s for s in order if entry["settings"][s].get("steps_per_call", 1) == 1]
        wanted = {entry["usual"], *order[:keep], *single[:1]}
        chosen += [(peer, setting, best[setting]["threads"]) for setting in order if setting in wanted]
    return chosen


def run_peer(args, peer, setting, workload, threads, seconds):
    """One process of a peer."""
    script = BENCH / "peers" / SETTINGS[peer]["script"]
    command = [args.python, str(script), "--setting", setting]
    limits = LIMITS.get(args.vectors, {})
    line = run(command + common(workload, threads, seconds), peer, setting, workload, threads, limits)
    line["steps_per_call"] = SETTINGS[peer]["settings"][setting].get("steps_per_call", 1)
    return line


def run_ours(args, workload, threads):
    """One process of ours."""
    command = shlex.split(args.ours)
    command[0] = str(ROOT / command[0])
    command += ["--vectors", args.vectors] if args.vectors else []
    line = run(command + common(workload, threads, args.seconds), "veridic", "default", workload, threads)
    line["steps_per_call"] = 1
    return line


def common(workload, threads, seconds):
    return ["--workload", workload, "--seconds", str(seconds), "--threads", str(threads)]


def run(command, peer, setting, workload, threads, limits=None):
    """Runs a command and returns the JSON object of its last line, or what went wrong as `error`."""
    load = os.getloadavg()[0]
    line = {"peer": peer, "setting": setting, "workload": workload, "threads": threads}
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False, env=os.environ | (limits or {}))
        found = json.loads(done.stdout.strip().splitlines()[-1]) if done.returncode == 0 else None
    except subprocess.TimeoutExpired:
        found, done = None, None
    except (ValueError, IndexError):
        found = None
    if found is None:
        errors = done.stderr.strip().splitlines() if done else ["timed out"]
        line["error"] = errors[-1][:300] if errors else "no JSON line was printed"
    else:
        # The name is ours to give: a peer may report its own.
        line |= {key: value for key, value in found.items() if key not in line}
    line["load_before"] = round(load, 2)
    rate = line.get("error") or f"{render.number(line['steps_per_second'])} steps/s"
    say(f"{workload} {peer} {setting}, {threads} threads: {rate}")
    return line


def binary(args):
    """Size and start time of the release binary, and the time of a clean build where asked for."""
    rows, path = [], ROOT / args.veridic
    if args.build:
        target = BENCH / ".work" / "clean-build"
        subprocess.run(["rm", "-rf", str(target)], check=True)
        begin = time.perf_counter()
        command = ["cargo", "build", "--release", "-p", "veridic-cli", "--timings", "--target-dir", str(target)]
        subprocess.run(command, cwd=ROOT, check=True)
        rows.append(
            ["clean release build (s)", f"{time.perf_counter() - begin:.0f}", "dependencies already downloaded"]
        )
        page = (target / "cargo-timings" / "cargo-timing.html").read_text()
        units = json.loads(re.search(r"UNIT_DATA = (\[.*?\]);", page, re.DOTALL).group(1))
        spent = collections.Counter()
        for unit in units:
            spent[unit["name"]] += unit["duration"]
        longest = ", ".join(f"{name} {seconds:.0f}" for name, seconds in spent.most_common(12))
        rows.append(["of it, seconds of one job each (s)", f"{sum(spent.values()):.0f}", longest])
        path = target / "release" / "veridic"
    if path.is_file():
        times = []
        for _ in range(20):
            begin = time.perf_counter()
            subprocess.run([str(path), "--help"], capture_output=True, check=True)
            times.append((time.perf_counter() - begin) * 1e3)
        rows.append(
            [
                "`veridic --help` (ms)",
                f"{statistics.median(times):.1f}",
                f"{min(times):.1f} to {max(times):.1f}, 20 runs",
            ]
        )
        rows.append(["release binary (MB)", f"{path.stat().st_size / 1e6:.1f}", ""])
    else:
        say(f"the binary is left out: {args.veridic} is not built (cargo build --release)")
    return {
        "kind": "table",
        "title": "The binary",
        "about": "",
        "machine": machine(),
        "columns": ["what", "median", "range"],
        "rows": rows,
    }


def machine():
    """The processor, the date and what else was running."""
    info = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").is_file() else ""
    fields = dict(line.split(":", 1) for line in info.split("\n\n")[0].splitlines() if ":" in line)
    fields = {key.strip(): value.strip() for key, value in fields.items()}
    flags = fields.get("flags", "").split()
    version = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return {
        "processor": fields.get("model name", platform.processor() or platform.machine()),
        "vectors": "AVX-512" if "avx512f" in flags else "AVX2" if "avx2" in flags else "unknown",
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "date": datetime.date.today().isoformat(),
        "commit": version.stdout.strip() or "unknown",
        "load_before": round(os.getloadavg()[0], 2),
    }


def store(name, result):
    """Writes results/NAME.json, whole or not at all."""
    unfinished = RESULTS / f".{name}.json.tmp"
    unfinished.write_text(json.dumps(result, indent=1) + "\n")
    unfinished.replace(RESULTS / f"{name}.json")


def say(text, end="\n"):
    print(text, end=end, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
