"""Writes RESULTS.md from results/*.json.

A result has a `kind`: `steps` (training steps of a workload, as run.py stores them) or `table` (`columns` and `rows` of
text, ready to print). Both have `title`, `about` and `machine`; a new benchmark needs no change here if it stores a table.
"""

import json
import statistics

CLOSING = """## How to repeat

```
python3 -m venv bench/.venv && bench/.venv/bin/pip install -r bench/requirements.txt
cargo build --release && cargo build --release -p veridic --example steps
bench/.venv/bin/python bench/run.py
```

Run it on a quiet machine: frameworks whose threads wait by spinning lose far more than their share to other programs.
`bench/README.md` says more. This file is written by `bench/run.py`; do not edit it.
"""


def write(folder, path):
    """Renders every result in the folder, by file name."""
    results = [json.loads(file.read_text()) for file in sorted(folder.glob("[!.]*.json"))]
    parts = ["# Benchmarks\n"]
    parts += [steps(result) if result["kind"] == "steps" else plain(result) for result in results]
    parts += [protocol(results), CLOSING]
    unfinished = path.with_suffix(".md.tmp")
    unfinished.write_text("\n".join(part for part in parts if part))
    unfinished.replace(path)


def steps(result):
    """One workload: the finalists, the ratios, and the selecting pass."""
    groups = {}
    for lines in result["rounds"]:
        for line in lines:
            groups.setdefault((line["peer"], line["setting"], line["threads"]), []).append(line)
    rows = []
    for (peer, setting, threads), lines in groups.items():
        good = [line for line in lines if "error" not in line]
        if not good:
            rows.append([peer, setting, str(threads), "failed", lines[0]["error"], "", "", ""])
            continue
        rates = [line["steps_per_second"] for line in good]
        rows.append(
            [
                peer,
                setting,
                str(threads),
                number(statistics.median(rates)),
                f"{number(min(rates))} to {number(max(rates))}",
                number(statistics.median(line["peak_rss_mb"] for line in good)),
                f"{statistics.median(line['startup_s'] for line in good):.2f}",
                share(result, statistics.median(rates), threads),
            ]
        )
    columns = ["", "setting", "threads", "steps/s", "range", "peak memory (MB)", "first step done after (s)", "of the peak"]
    text = heading(result) + table(columns, rows) + "\n" + ratios(result)
    kinds = {line.get("data", "?") for lines in result["rounds"] for line in lines if "error" not in line}
    if "random" in kinds:
        text += "The real data was not found: at least one row was measured on random rows of the same shape.\n\n"
    return text + selection(result)


def share(result, rate, threads):
    """What part of the rate of large products the additions and multiplications of so many steps a second are."""
    ours = [line for lines in result["rounds"] for line in lines if "peak_gflops" in line and line["threads"] == threads]
    if not ours:
        return ""
    peak = statistics.median(line["peak_gflops"] for line in ours)
    return f"{100 * rate * ours[0]['gflop_per_step'] / peak:.0f} %"


def ratios(result):
    """Ours over the best peer of the same round, for all settings and for those with one step a call."""
    if not any(line["peer"] == "veridic" for lines in result["rounds"] for line in lines):
        return "Ours was not built when this was measured.\n\n"
    text = ""
    for label, limit in [("all settings", None), ("settings that make one step a call", 1)]:
        found, names = [], []
        for lines in result["rounds"]:
            good = [line for line in lines if "error" not in line]
            ours = [
                r["steps_per_second"] for r in good if r["peer"] == "veridic" and r["threads"] == result["ours_threads"]
            ]
            peers = [r for r in good if r["peer"] != "veridic" and (limit is None or r["steps_per_call"] <= limit)]
            if ours and peers:
                best = max(peers, key=lambda r: r["steps_per_second"])
                found.append(ours[0] / best["steps_per_second"])
                names.append(f"{best['peer']} {best['setting']}")
        if found:
            text += (
                f"**{statistics.median(found):.1f} times the best peer, {label}** "
                f"({min(found):.1f} to {max(found):.1f} over {len(found)} rounds; {statistics.mode(names)}).\n\n"
            )
    return text


def selection(result):
    """The quick pass over every setting, folded away."""
    best, failed = {}, []
    for line in result["quick"]:
        if "error" in line:
            failed.append([line["peer"], line["setting"], str(line["threads"]), line["error"]])
            continue
        best.setdefault((line["peer"], line["setting"]), {})[line["threads"]] = line["steps_per_second"]
    counts = sorted({line["threads"] for line in result["quick"]})
    rows = [
        [peer, setting, *(number(rates[n]) if n in rates else "" for n in counts)]
        for (peer, setting), rates in best.items()
    ]
    text = "<details><summary>Every setting, from the selecting pass (one run each)</summary>\n\n"
    text += table(["", "setting", *(f"steps/s, {n} thread{'s' * (n > 1)}" for n in counts)], rows)
    if failed:
        text += "\n" + table(["failed", "setting", "threads", "why"], failed)
    return text + "\n</details>\n"


def plain(result):
    """A table as it was stored."""
    return heading(result) + table(result["columns"], result["rows"]) if result["rows"] else ""


def heading(result):
    machine = result["machine"]
    where = (
        f"{machine['processor']}, {machine['cores']} cores, {machine['vectors']}; {machine['system']}; "
        f"{machine['date']}, commit {machine['commit']}; load average at the start {machine['load_before']}."
    )
    if result["kind"] == "steps":
        found = {}
        for line in result["quick"] + [line for lines in result["rounds"] for line in lines]:
            found |= line.get("versions", {})
        where += " Versions: " + ", ".join(f"{name} {version}" for name, version in sorted(found.items())) + "."
    if machine["load_before"] > 0.5:
        where += " **Other programs were running: the ranges are wider than on a quiet machine.**"
    about = result["about"] + "\n\n" if result["about"] else ""
    return f"## {result['title']}\n\n{about}{where}\n\n"


def protocol(results):
    """How the step rates were taken."""
    found = [result for result in results if result["kind"] == "steps"]
    if not found:
        return ""
    with_rounds = found[-1]["protocol"]
    notes = "".join(f"- `{name}`: {note}\n" for name, note in found[-1]["notes"].items())
    return (
        "## What was measured\n\n"
        "One step is: gather the next batch of a shuffled epoch from a float32 matrix of all rows in memory, forward, loss, "
        "backward, update of every weight. Rows are shuffled anew every epoch, inside the timed part; reading files is not "
        "in it. Every measurement is a process of its own that warms up for at least half a second and 3 steps. "
        f"A first pass of {with_rounds['quick_seconds']:g} s each tries every setting with one thread and with all (W4 and W5: with all); each peer's usual setting, its best "
        f"{with_rounds['keep']} and its best with one step a call go into {with_rounds['rounds']} rounds of "
        f"{with_rounds['seconds']:g} s each, in which ours and the peers take turns. Given are the median and the range over the rounds; a "
        "ratio is taken within a round, ours with all threads against the fastest peer of that round. Peak memory is the "
        "largest resident size of the process (the PyTorch wheel is the one with CUDA support, used on the processor). The "
        "time to the first step runs from the start of the process, reading the data included.\n\n"
        f"{notes}"
    )


def table(columns, rows):
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(
        "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in line) + " |\n" for line in lines
    )


def number(value):
    """Three or more significant digits, thousands apart."""
    return f"{value:,.0f}".replace(",", " ") if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
