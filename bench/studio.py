"""Measures the studio in Chromium and stores results/studio.json; with --pictures it measures nothing, and makes the moving pictures of
its pages in docs/images: the default world learning, and a walk through the latent space of the first run of --space.

    target/browser/bin/python bench/studio.py VERIDIC [--browser chromium] [--space NAME=RUN,...] [--data-dir DIR] [--pictures]

`tests/browser/run` makes the environment; pictures need Pillow in it. --space names finished runs whose sliders are moved.
Then: python bench/run.py --workloads '' --no-binary --render
"""

import argparse
import io
import json
import resource
import shutil
import signal
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from run import ROOT, machine, store

RECIPE = """
[model.vae]
latent = 2
likelihood = 'mixed'
encoder = [{ dense = 64, activation = 'relu' }]
decoder = [{ dense = 64, activation = 'relu' }]
[train]
epochs = %d
"""
RUNS, EVENTS, MOVES, EPOCHS = 500, 100_000, 100, 2000


class Server:
    """The studio on a folder, with one browser that was let in."""

    def __init__(self, binary, folder, browser, data_dir, threads=2):
        command = [binary, "studio", folder, "--no-browser", "--threads", str(threads), "--data-dir", data_dir]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        url = self.process.stdout.readline().strip()
        self.origin, self.browser = url.split("?")[0], browser
        context = browser.new_context()
        page = context.new_page()
        page.goto(url)
        page.wait_for_selector("html[data-ready]")
        self.state = context.storage_state()
        context.close()

    def page(self, address, size=(1280, 900)):
        context = self.browser.new_context(storage_state=self.state, viewport={"width": size[0], "height": size[1]})
        page = context.new_page()
        page.goto(self.origin + address)
        page.wait_for_selector("html[data-ready]", timeout=60_000)
        return page

    def ready(self, address, wanted, times=5):
        """Milliseconds from the request of a page until the elements that are wanted were painted, several times."""
        found = []
        for _ in range(times):
            context = self.browser.new_context(storage_state=self.state, viewport={"width": 1280, "height": 900})
            page = context.new_page()
            page.add_init_script(
                "addEventListener('DOMContentLoaded', () => { const look = () => document.querySelector(%s) "
                "? requestAnimationFrame(() => (window.painted = performance.now())) : requestAnimationFrame(look); look(); })"
                % json.dumps(wanted)
            )
            page.goto(self.origin + address)
            page.wait_for_function("() => window.painted", timeout=120_000)
            found.append(page.evaluate("window.painted"))
            context.close()
        return found

    def end(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)


def fitted(binary, place, name, epochs, meanwhile=lambda: None):
    """Fits a small network; seconds it took, and seconds of a processor."""
    if not (place / "t.csv").exists():
        rows = "".join(f"{i * 7 % 40},{i * 13 % 101},{'abc'[i % 3]}\n" for i in range(20_000))
        (place / "t.csv").write_text("size,weight,kind\n" + rows)
    (place / f"{name}.toml").write_text(RECIPE % epochs)
    command = [binary, "fit", "t.csv", "--recipe", f"{name}.toml", "--out", f"runs/{name}", "--threads", "1", "--quiet"]
    begun, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    fit = subprocess.Popen(command, cwd=place, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    meanwhile()
    if fit.wait():
        raise SystemExit(f"{name} was not fitted")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.monotonic() - begun, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def slid(page):
    """Milliseconds from moving a slider until what was decoded is shown."""
    page.wait_for_selector("[data-decoded] *", timeout=60_000)
    return page.evaluate(
        """async (moves) => {
            const sliders = [...document.querySelectorAll('.sliders input')].slice(0, 8), shown = document.querySelector('[data-decoded]');
            const times = [];
            for (let i = 0; i < moves; i++) {
                const slider = sliders[i % sliders.length];
                const changed = new Promise((done) => {
                    const watch = new MutationObserver(() => (watch.disconnect(), requestAnimationFrame(() => done(performance.now()))));
                    watch.observe(shown, { attributes: true });
                });
                const begun = performance.now();
                slider.value = Number(slider.min) + ((i * 37) % 100) / 100 * (slider.max - slider.min);
                slider.dispatchEvent(new Event('input', { bubbles: true }));
                times.push((await changed) - begun);
            }
            return times.sort((a, b) => a - b);
        }""",
        MOVES,
    )


def world(server):
    """The default ring from the first step to the last: seconds, modes found, share of points at a mode, frames and steps a second."""
    page = server.page("#/world")
    page.evaluate("() => { window.drawn = 0; const ask = fetch; window.fetch = (...of) => ((window.drawn += String(of[0]).endsWith('/frame')), ask(...of)); }")
    begun = time.monotonic()
    page.keyboard.press("Space")
    page.wait_for_function("() => document.documentElement.dataset.playing === 'yes'")
    page.wait_for_function("() => document.documentElement.dataset.playing !== 'yes'", timeout=300_000)
    taken = time.monotonic() - begun
    frames, steps = page.evaluate("window.drawn"), int(page.get_attribute(".measures", "data-step"))
    modes = page.get_attribute(".measures", "data-modes")
    near = page.evaluate("[...document.querySelectorAll('.measures dt')].find((e) => e.textContent === 'at a mode').nextSibling.textContent")
    page.context.close()
    return taken, modes, near, frames / taken, steps / taken


def watched(binary, place, browser, data_dir, pairs=6):
    """How much longer a fit takes while a page watches it, in time and in processor time: medians over pairs, each arm first in turn.

    The list is open before the run begins, so that what is measured is watching, not the start of a browser."""

    def alone(i):
        return fitted(binary, place, f"alone-{i}", EPOCHS)

    def seen(i):
        server = Server(binary, place / "runs", browser, data_dir, threads=1)
        page = server.page("#/")

        def look():
            while not (place / "runs" / f"seen-{i}" / "run.json").exists():
                time.sleep(0.01)
            page.evaluate(f"location.hash = '#/run/seen-{i}'")

        taken = fitted(binary, place, f"seen-{i}", EPOCHS, look)
        page.wait_for_function("() => document.querySelector('.timeline output')?.textContent.startsWith('epoch')", timeout=60_000)
        server.end()
        return taken

    ratios = []
    for i in range(pairs):
        taken = {arm: arm(i) for arm in ((alone, seen) if i % 2 == 0 else (seen, alone))}
        ratios.append([watching / without for watching, without in zip(taken[seen], taken[alone])])
        print(f"  pair {i + 1}: {taken[alone][0]:.2f} s alone, {taken[seen][0]:.2f} s watched; processor {ratios[-1][1]:.3f}", flush=True)
    return [statistics.median(column) for column in zip(*ratios)]


def film(server, path):
    """The default world learning, as an animated PNG."""
    page = server.page("#/world", (1100, 1100))
    page.keyboard.press("4")
    step = lambda: int(page.get_attribute(".measures", "data-step") or 0)
    frames, reach = [], 1.0  # Steps rise by a quarter from picture to picture.
    for _ in range(36):
        while step() < min(reach, 30):
            before = step()
            page.keyboard.press("b")
            page.wait_for_function("(before) => Number(document.querySelector('.measures').dataset.step) > before", arg=before)
        if step() < reach:
            page.keyboard.press("Space")
            page.wait_for_function("(reach) => Number(document.querySelector('.measures').dataset.step) >= reach", arg=reach, timeout=120_000)
            page.keyboard.press("Space")
            page.wait_for_timeout(100)
        reach *= 1.25
        frames.append(shot(page.locator("canvas.world"), 340))
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=[140] * 35 + [2500], loop=0, optimize=True)
    page.context.close()


def shot(what, width):
    """A picture of a part of a page, smaller and of few colors."""
    from PIL import Image

    picture = Image.open(io.BytesIO(what.screenshot())).convert("RGB")
    return picture.resize((width, width * picture.height // picture.width), Image.LANCZOS).quantize(128, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)


def tour(server, run, path):
    """A walk through a latent space: along two of its dimensions, then from one row to another along an arc."""
    page = server.page(f"#/latent/{run}", (1000, 930))
    page.wait_for_selector("[data-decoded] *", timeout=60_000)
    frames = []

    def moved(act):
        page.evaluate("document.querySelector('[data-decoded]').dataset.decoded = ''")
        act()
        page.wait_for_function("() => document.querySelector('[data-decoded]').dataset.decoded !== ''")
        frames.append(shot(page, 400))

    for slider in page.locator(".sliders input").all()[:2]:
        low, high = (float(slider.get_attribute(end)) for end in ("min", "max"))
        for share in (0.5, 0.7, 0.9, 0.7, 0.5, 0.3, 0.1, 0.3):
            moved(lambda: slider.fill(str(low + share * (high - low))))
    page.locator("h1").click(position={"x": 400, "y": 5})
    for key in ("j", "j"):
        moved(lambda: page.keyboard.press(key))
    page.keyboard.press("o")
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_selector(".strip *")
    for step in page.locator(".strip canvas").all()[::2]:
        moved(lambda: step.evaluate("(step) => step.click()"))
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=[260] * (len(frames) - 1) + [1500], loop=0, optimize=True)
    page.context.close()


def main():
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("veridic")
    parser.add_argument("--browser", default="chromium")
    parser.add_argument("--space", default="")
    parser.add_argument("--data-dir", default=str(ROOT.parent / "shared" / "data"))
    parser.add_argument("--pictures", action="store_true")
    options = parser.parse_args()
    binary, images = str(Path(options.veridic).resolve()), ROOT / "docs" / "images"
    spaces = [(name, Path(run).resolve()) for name, run in (pair.split("=") for pair in options.space.split(",") if pair)]
    rows = []
    if options.pictures:
        with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which(options.browser), args=["--no-sandbox"])
            for folder, act in [
                (run.parent, lambda server, run=run: tour(server, run.name, images / "studio-latent.png")) for _, run in spaces[:1]
            ] + [(place, lambda server: film(server, images / "studio-world.png"))]:
                server = Server(binary, folder, browser, options.data_dir)
                act(server)
                server.end()
            browser.close()
        return

    def row(what, value, asked):
        rows.append([what, value, asked])
        print(f"{what}: {value} (asked: {asked})", flush=True)

    over = lambda times: f"{statistics.median(times):.0f} ({min(times):.0f} to {max(times):.0f})"
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        place = Path(place)
        browser = playwright.chromium.launch(executable_path=shutil.which(options.browser), args=["--no-sandbox"])
        fitted(binary, place, "small", 5)
        for i in range(RUNS - 1):
            shutil.copytree(place / "runs/small", place / f"runs/copy-{i:03}")
        long = place / "long" / "long"
        shutil.copytree(place / "runs/small", long)
        epoch = lambda n: json.dumps({"event": "epoch", "epoch": n, "step": 10 * n, "seconds": 0.1, "losses": {"train.loss": 10 / n, "valid.loss": 8 + 1 / n}})
        (long / "events.jsonl").write_text("".join(epoch(n) + "\n" for n in range(1, EVENTS + 1)))

        server = Server(binary, place / "runs", browser, options.data_dir)
        row(f"first paint, {RUNS} runs, ms", over(server.ready("#/", "tbody tr")), "300")
        taken, modes, near, frames, steps = world(server)
        row("GAN world: the default ring, s", f"{taken:.1f} ({modes} of 8 modes, {near} of points at one)", "20, 8 of 8")
        row("GAN world: frames a second", f"{frames:.0f}", "30")
        row("GAN world: steps a second meanwhile", f"{steps:.0f}", "200")
        server.end()
        server = Server(binary, place / "long", browser, options.data_dir)
        row(f"a run of {EVENTS:,} events, ms".replace(",", " "), over(server.ready("#/run/long", "html[data-ready] .facts b")), "500")
        server.end()
        for name, run in spaces:
            server = Server(binary, run.parent, browser, options.data_dir)
            page = server.page(f"#/latent/{run.name}")
            times = slid(page)
            row(f"slider of {name}, ms, 95 % below", f"{times[int(0.95 * len(times))]:.0f} (median {statistics.median(times):.0f})", "50")
            server.end()
        longer, work = watched(binary, place, browser, options.data_dir)
        row("a fit in one thread that is watched, to one that is not", f"{longer:.3f} (of its processor time {work:.3f})", "1.03")
        browser.close()
    about = "In Chromium without a graphics card, on the same two cores as the server and the training."
    columns = ["what", "measured", "asked at most, of rates at least"]
    store("studio", {"kind": "table", "title": "Studio", "about": about, "machine": machine(), "columns": columns, "rows": rows})


if __name__ == "__main__":
    main()
