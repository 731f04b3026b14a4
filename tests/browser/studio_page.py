"""Looks at runs as a person would, in Chromium: the list, a run that goes on in another process, the network that learns on the
page, a latent space and a table, by keys and mouse, at the size of a desk and of a phone.

    tests/browser/run [VERIDIC] [--keep DIR]
"""

import argparse
import json
import signal
import subprocess
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

RECIPE = """
[model.vae]
latent = 2
likelihood = 'mixed'
encoder = [{ dense = 8, activation = 'relu' }]
decoder = [{ dense = 8, activation = 'relu' }]
[train]
epochs = 30
"""


class Window:
    """A page that may not log an error nor ask anybody but its server."""

    def __init__(self, browser, state, origin, address, size, scheme="light"):
        self.context = browser.new_context(
            storage_state=state, color_scheme=scheme, viewport={"width": size[0], "height": size[1]}
        )
        self.page = self.context.new_page()
        self.origin, self.errors, self.requests = origin, [], []
        self.page.on("console", lambda m: self.errors.append(m.text) if m.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(origin + address)
        self.page.wait_for_selector("html[data-ready]", timeout=60_000)

    def __enter__(self):
        return self.page

    def __exit__(self, *error):
        if error[0] is None:
            wide = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, f"the page is {wide} pixels too wide"
            # Chromium logs every answer that is no success; one run is asked for that is not there.
            missing = self.page.url.endswith("/none")
            assert missing or not self.errors, self.errors
            outside = [url for url in self.requests if not url.startswith((self.origin, "data:", "blob:"))]
            assert not outside, outside
        self.context.close()


def epoch(n):
    losses = {"train.loss": 10 / n, "valid.loss": 8 + abs(n - 6) / 10}
    return json.dumps({"event": "epoch", "epoch": n, "step": 10 * n, "seconds": 0.1, "losses": losses}) + "\n"


def prepare(binary, place):
    """A fitted run, one that goes on, a damaged one and a folder that is none."""
    runs = place / "runs"
    day = lambda i: f"{2020 + i // 336}-{i // 28 % 12 + 1:02}-{i % 28 + 1:02}"
    rows = "".join(f"{i * 7 % 40},{['red', 'green', '<b>x</b>'][i % 3]},{day(i)}\n" for i in range(300))
    (place / "t.csv").write_text("size,color,day\n" + rows)
    (place / "small.toml").write_text(RECIPE)
    command = [binary, "fit", "t.csv", "--recipe", "small.toml", "--out", "runs/small", "--threads", "1"]
    subprocess.run(command, cwd=place, check=True, capture_output=True)
    # A rhythm of a week, and one strange day.
    rows = "".join(f"{day(i)},{i % 7 + (9 if i == 200 else 0)}\n" for i in range(400))
    (place / "days.csv").write_text("day,load\n" + rows)
    series = ["--set", "model=series", "--set", "model.series.detector.window-pca={}", "--set", "data.series.spacing=rows"]
    subprocess.run([binary, "fit", "days.csv", *series, "--out", "runs/days", "--threads", "1"], cwd=place, check=True, capture_output=True)
    going = runs / "going"
    going.mkdir()
    info = json.loads((runs / "small/run.json").read_text()) | {"status": "running"}
    (going / "run.json").write_text(json.dumps(info))
    (going / "config.toml").write_text((runs / "small/config.toml").read_text())
    (going / "events.jsonl").write_text("".join(map(epoch, range(1, 8))))
    (runs / "damaged").mkdir()
    (runs / "damaged/run.json").write_text("{")
    (runs / "foreign").mkdir()
    return runs


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--browser", required=True)
    parser.add_argument("--veridic", required=True)
    parser.add_argument("--smooth", action="store_true", help="for the other pages")
    parser.add_argument("--keep", type=Path)
    arguments = parser.parse_args()
    binary = str(Path(arguments.veridic).resolve())
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        place = Path(place)
        runs = prepare(binary, place)
        keep = arguments.keep
        shot = lambda page, name: keep and page.screenshot(path=keep / f"studio-{name}.png")
        server = subprocess.Popen(
            [binary, "studio", "runs", "--no-browser", "--threads", "1"], cwd=place, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        url = server.stdout.readline().strip()
        origin = url.split("?")[0]
        browser = playwright.chromium.launch(executable_path=arguments.browser)
        context = browser.new_context()
        page = context.new_page()
        page.goto(url)
        page.wait_for_selector("html[data-ready]")
        assert page.url == origin, "the token leaves the address"
        state = context.storage_state()
        context.close()
        window = lambda address, size=(1280, 900), scheme="light": Window(browser, state, origin, address, size, scheme)

        with window("#/") as page:
            statuses = {name: page.inner_text(f"tr[data-name={name}] .status") for name in ("small", "going", "damaged", "foreign")}
            assert statuses == {"small": "done", "going": "running", "damaged": "damaged", "foreign": "foreign"}, statuses
            shot(page, "runs")
            page.keyboard.press("/")
            page.keyboard.type("small")
            page.wait_for_function("() => document.querySelectorAll('tbody tr').length === 1")
            page.fill("input[type=search]", "")
            for name in ("small", "going"):
                page.check(f"tr[data-name={name}] input")
            page.click("text=Compare 2")
            page.wait_for_selector("html[data-ready=compare]")
            assert page.locator(".legend button").count() == 2

        with window("#/run/going") as page:
            assert "best epoch 6" in page.inner_text(".facts"), page.inner_text(".facts")
            with open(runs / "going/events.jsonl", "a") as file:
                file.write(epoch(8))
            page.wait_for_function("() => document.querySelector('.timeline output').textContent.startsWith('epoch 8')")
            for key in ("ArrowLeft", "l", "s"):
                page.keyboard.press(key)
            assert page.inner_text(".timeline output").startswith("epoch 7")
            assert page.is_checked("#log")
            page.wait_for_selector(".values:not([hidden])")
            shot(page, "run")

        with window("#/world") as page:
            page.keyboard.press("b")
            page.wait_for_function("() => document.querySelector('.measures').dataset.step === '1'")
            page.keyboard.press("d")
            page.wait_for_function("() => document.querySelector('.measures').dataset.step === '2'")
            page.keyboard.press("Space")
            page.wait_for_function("() => Number(document.querySelector('.measures').dataset.modes) >= 6", timeout=180_000)
            page.keyboard.press("Space")
            page.keyboard.press("4")
            page.select_option("#set-objective", "hinge")
            page.wait_for_function("() => location.hash.includes('objective=hinge') && location.hash.includes('fold')")
            shot(page, "world")
        with window("#/world") as page:
            # What cannot be together makes way, and that is said.
            page.locator("#set-minibatch").check()
            page.wait_for_function("() => location.hash.includes('minibatch=true') && location.hash.includes('penalty=0')")
            page.wait_for_selector("p:has-text('The slope penalty is 0 now')")
            page.locator("h1").click()
            page.keyboard.press("b")
            page.wait_for_function("() => document.querySelector('.measures').dataset.step === '1'")
        with window("#/world?data=drawn", scheme="dark") as page:
            box = page.locator("canvas.world").bounding_box()
            page.mouse.move(box["x"] + 80, box["y"] + 200)
            page.mouse.down()
            page.mouse.move(box["x"] + 400, box["y"] + 300, steps=40)
            page.mouse.up()
            page.keyboard.press("Space")
            page.wait_for_function("() => Number(document.querySelector('.measures').dataset.step) > 20", timeout=60_000)

        with window("#/latent/small") as page:
            page.wait_for_selector("[data-decoded] dd")
            before = page.inner_text("[data-decoded]")
            for _ in range(2):
                page.locator(".sliders input").first.press("End")
                page.locator(".sliders input").last.press("Home")
            page.wait_for_function("(before) => document.querySelector('[data-decoded]').innerText !== before", arg=before)
            for key in ("0", "j", "j", "p"):
                page.locator("h1").click(position={"x": 400, "y": 5})
                page.keyboard.press(key)
            page.wait_for_selector(".strip td")
            with page.expect_download() as download:
                page.click(".strip button")
            lines = Path(download.value.path()).read_text().splitlines()
            page.evaluate("scrollTo(0, 0)")
            assert lines[0] == "step,z1,z2,size,color,day" and len(lines) == 13, lines[:2]
            box = page.locator("canvas.world").bounding_box()
            corners = [(0.02, 0.02), (0.98, 0.02), (0.98, 0.5), (0.02, 0.5)]
            for name, move in (("a", 0.0), ("b", 0.48)):
                places = [(box["x"] + x * box["width"], box["y"] + (y + move) * box["height"]) for x, y in corners]
                page.mouse.move(*places[0])
                page.mouse.down()
                for corner in places[1:]:
                    page.mouse.move(*corner, steps=5)
                page.mouse.up()
                assert int(page.get_attribute("[data-picked]", "data-picked")) > 0
                page.keyboard.press(name)
            before = page.inner_text("[data-decoded]")
            page.locator("#strength").press("End")
            page.wait_for_function("(before) => document.querySelector('[data-decoded]').innerText !== before", arg=before)
            page.select_option("select[aria-label=Color]", label="color")
            page.locator("h1").click(position={"x": 400, "y": 5})
            for key in ("j", "s", "c"):
                page.keyboard.press(key)
            assert "C " in page.inner_text("[data-picked]"), page.inner_text("[data-picked]")
            page.keyboard.press("=")
            print("latent slider to row:", page.get_attribute("[data-decoded]", "data-decoded"), "ms")
            shot(page, "latent")
        with window("#/series/days") as page:
            page.wait_for_selector(".plots canvas")
            where = lambda: page.inner_text(".toolbar output")
            page.wait_for_function("() => document.querySelector('.toolbar output').textContent.includes('400 points')")
            page.keyboard.press("j")
            page.wait_for_function("() => !document.querySelector('.toolbar output').textContent.includes('400 points')")
            near = where()
            box = page.locator(".plots canvas").first.bounding_box()
            page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 60)
            page.mouse.down()
            page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 60, steps=4)
            page.mouse.up()
            page.wait_for_function("(near) => document.querySelector('.toolbar output').textContent !== near", arg=near)
            shot(page, "series")
            page.keyboard.press("Escape")
            page.wait_for_function("() => document.querySelector('.toolbar output').textContent.includes('400 points')")
        with window("#/run/days") as page:
            page.wait_for_selector(".plots canvas")
            with page.expect_download() as download:
                page.click("#save")
            text = Path(download.value.path()).read_text()
            assert "data:image/png" in text and "<script" not in text and "<button" not in text, text[:3000]
        with window("#/run/small") as page:
            with page.context.expect_page() as opened:
                page.click("text=Map")
            other = opened.value
            # It says how far it is until it is there. It has no origin, so that nothing of the studio can be asked by it.
            other.wait_for_selector("canvas", timeout=60_000)
            assert other.evaluate("origin") == "null", other.evaluate("origin")
            assert other.evaluate("fetch('/api/runs').then(() => 'let in', () => 'refused')") == "refused"
            assert "/map?run=small" in other.url
            other.close()
        with window("#/table/small") as page:
            assert page.locator(".smalls button").count() == 3
            assert page.locator(".reasons b").count() > 0
            shot(page, "table")

        for address in ("#/", "#/run/small", "#/world", "#/latent/small", "#/table/small", "#/series/days", "#/run/days", "#/run/none"):
            with window(address, (390, 844), "dark") as page:
                page.wait_for_timeout(300)
                shot(page, f"phone-{address.strip('#/').replace('/', '-') or 'runs'}")
        # Another studio, opened in another folder: data is found where the run was fitted, and where it is gone that is said.
        elsewhere = place / "elsewhere"
        elsewhere.mkdir()
        second = subprocess.Popen(
            [binary, "studio", runs, "--no-browser", "--threads", "1"], cwd=elsewhere, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        url = second.stdout.readline().strip()
        context = browser.new_context()
        page = context.new_page()
        page.goto(url + "#/table/small")
        page.wait_for_selector(".smalls button", timeout=60_000)
        (place / "t.csv").rename(place / "hidden")
        page.goto(url.split("?")[0] + "#/latent/small")
        page.wait_for_selector("[data-decoded] dd")
        page.goto(url.split("?")[0] + "#/table/small")
        page.wait_for_selector(".empty")
        said = page.inner_text(".empty")
        assert "`t.csv`" in said and str(place.resolve()) in said and "--data-dir" in said, said
        shot(page, "gone")
        page.goto(url.split("?")[0] + "#/map/small")
        page.wait_for_selector(".empty h1:has-text('t.csv')")
        context.close()
        second.send_signal(signal.SIGINT)
        assert second.wait(30) == 0
        browser.close()
        server.send_signal(signal.SIGINT)
        assert server.wait(30) == 0
    print("studio page: passed")


if __name__ == "__main__":
    main()
