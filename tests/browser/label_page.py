"""Labels images and rows of a table as a person would, in Chromium, by keys, mouse and touch, at the size of a desk and of
a phone.

    tests/browser/run [VERIDIC] [--smooth] [--keep DIR]

--smooth also measures the time from a key to the next item on the screen with 100 000 items; times are printed, never
asserted. --keep DIR leaves the screenshots there.
"""

import argparse
import csv
import math
import random
import signal
import statistics
import subprocess
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from map_page import images

NASTY = '<img src=x onerror="document.title=1">'
CLASSES = ["flat", "rising", "upright", "falling"]


def table(path, rows):
    draw = random.Random(4)
    with open(path, "w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["amount", "balance", "country", "since"])
        for i in range(rows):
            odd = i % 40 == 7
            amount = draw.lognormvariate(3, 0.6) * (30 if odd else 1)
            balance = draw.gauss(1000, 200) - (900 if odd else 0)
            country = NASTY if i % 211 == 3 else draw.choice(["NO", "DE", "FR", "IT"])
            out.writerow([f"{amount:.2f}", f"{balance:.9f}", country, f"20{10 + i % 12}-0{1 + i % 9}-11"])


class Server:
    """The program with a page, ended when it goes."""

    def __init__(self, binary, place, *arguments):
        command = [binary, "label", *map(str, arguments), "--no-browser", "--annotator", "ada"]
        self.process = subprocess.Popen(command, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.url = self.process.stdout.readline().strip()
        assert self.url.startswith("http://127.0.0.1:"), self.url

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.send_signal(signal.SIGCONT)
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(30) == 0


class Page:
    """A page in a window of its own, which may not log an error nor ask anybody but its server."""

    def __init__(self, browser, url, size, **options):
        self.context = browser.new_context(viewport={"width": size[0], "height": size[1]}, **options)
        self.page = self.context.new_page()
        self.origin = url.split("?")[0]
        self.errors, self.requests, self.expected = [], [], []
        self.page.on("console", lambda m: self.errors.append(m.text) if m.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(url)
        self.page.wait_for_selector("html[data-ready]", timeout=60_000)
        assert self.page.url == self.origin, "the token leaves the address"

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if error[0] is None:
            assert not self.errors, self.errors
            outside = [url for url in self.requests if not url.startswith((self.origin, "data:", "blob:"))]
            assert not outside, outside
        self.context.close()

    def do(self, script):
        return self.page.evaluate(script)

    def row(self):
        return self.page.get_attribute("#stage", "data-row")

    def state(self):
        return self.do("fetch('/api/state').then((answer) => answer.json())")

    def press(self, key):
        """Presses a key that decides, and waits for the next item."""
        before = self.row()
        self.page.keyboard.press(key)
        self.page.wait_for_function("(before) => document.querySelector('#stage').dataset.row !== before", arg=before)

    def beside(self, kind):
        """Waits until each of the nearest labelled rows is there in that form."""
        script = "(kind) => { const rows = [...document.querySelectorAll('.near li')]; return rows.length > 2 && rows.every((row) => row.querySelector('.' + kind)); }"
        self.page.wait_for_function(script, arg=kind)

    def labelled(self, n):
        self.page.wait_for_function("(n) => document.querySelector('#figures dd').textContent === n", arg=f"{n:,}")


def test_keys(browser, server, place, shot):
    """Images by the keyboard alone: labels, undo, remarks, proposals, batch, all keys."""
    with Page(browser, server.url, (1440, 900)) as p:
        p.page.wait_for_function("() => document.querySelector('.picture img').naturalWidth === 16")
        seen = []
        for i in range(12):
            seen.append(p.row())
            p.press(str(1 + slope(p.row()) if i else 1))
        p.labelled(12)
        assert len(set(seen)) == 12, "no item comes twice"
        # Undo without limit, back to the first, in order.
        for row in reversed(seen):
            p.press("z")
            assert p.row() == row
        assert p.state()["labelled"] == 0
        for row in seen:
            assert p.row() == row
            p.press(str(1 + slope(row)))
        p.labelled(12)
        # Typing never triggers a key, and a remark is kept.
        row = p.row()
        p.page.keyboard.press("c")
        p.page.keyboard.type("axz 1234 ? odd <b>one</b>")
        p.page.keyboard.press("Enter")
        p.page.wait_for_selector(".remark")
        assert p.page.inner_text(".remark") == "axz 1234 ? odd <b>one</b>"
        assert (p.row(), p.state()["labelled"]) == (row, 12)
        p.page.keyboard.press("c")
        p.page.keyboard.press("1")
        p.page.keyboard.press("Escape")
        assert (p.row(), p.state()["labelled"]) == (row, 12)
        # The model proposes; a rejected proposal makes place for the next, an undone rejection comes back.
        p.page.wait_for_selector(".option.proposed")
        first = p.page.inner_text(".option.proposed .name")
        p.page.keyboard.press("x")
        second = p.page.inner_text(".option.proposed .name")
        assert first != second and p.page.inner_text(".option.rejected .name") == first
        p.page.keyboard.press("z")
        assert p.page.inner_text(".option.proposed .name") == first
        p.press("a")
        assert p.page.inner_text("#history li:first-child .badge") == first
        p.press("s")
        p.press("f")
        state = p.state()
        assert (state["labelled"], state["skipped"], state["flagged"]) == (13, 1, 1)
        p.page.screenshot(path=shot / "label-desk.png")
        # Flagged rows are looked at again.
        p.page.keyboard.press("r")
        p.page.click("dialog button:has-text('Flagged')")
        p.page.wait_for_selector(".mode")
        p.press("2")
        assert p.state()["flagged"] == 0 and p.page.locator(".mode").count() == 0
        # Many alike at once, less one.
        before = p.state()["labelled"]
        p.page.keyboard.press("b")
        p.page.wait_for_selector(".tile")
        tiles = p.page.locator(".tile").count()
        assert tiles > 1
        p.page.keyboard.press("ArrowRight")
        p.page.keyboard.press("x")
        assert p.page.locator(".tile.out").count() == 1
        p.page.screenshot(path=shot / "label-batch.png")
        p.page.keyboard.press("Enter")
        p.labelled(before + tiles - 1)
        p.page.keyboard.press("Escape")
        p.page.wait_for_selector(".picture")
        # A key can be another; one that is taken cannot.
        p.page.keyboard.press("?")
        assert p.page.locator("dialog .keys dt").count() >= 13
        p.page.screenshot(path=shot / "label-keys.png")
        p.page.click("[aria-label='Change the key of: Skip']")
        p.page.keyboard.press("a")
        assert "taken by" in p.page.inner_text("dialog [role=status]")
        p.page.click("[aria-label='Change the key of: Skip']")
        p.page.keyboard.press("w")
        p.page.keyboard.press("Escape")
        p.press("w")
        assert p.state()["skipped"] == 2
        # Focus can be seen, and everything has a name.
        p.page.keyboard.press("Tab")
        ring = p.do("getComputedStyle(document.activeElement).outlineStyle")
        assert ring == "solid", ring
        unnamed = p.do(
            """() => [...document.querySelectorAll("button, input, img, a, [role=group], [role=toolbar], section, aside")].filter((one) =>
            one.checkVisibility() && !(one.textContent.trim() || one.getAttribute("aria-label") || one.alt || one.labels?.length)
            && one.childElementCount === 0 && one.tagName !== "SECTION").map((one) => one.outerHTML)"""
        )
        assert not unnamed, unnamed


def test_mouse(browser, server, place, shot):
    """Rows of a table with the mouse: unusual values are marked, cells are text, a click labels."""
    with Page(browser, server.url, (1440, 900), color_scheme="dark") as p:
        assert p.do("document.title") == "Label data.csv"
        assert p.do("getComputedStyle(document.body).backgroundColor") == "rgb(20, 21, 23)"
        marked = 0
        for i in range(8):
            marked += p.page.locator(".unusual li").count()
            is_odd = (int(p.row()) - 1) % 40 == 7
            before = p.row()
            p.page.click(f".option:has-text('{'fraud' if is_odd else 'fine'}')")
            p.page.wait_for_function("(before) => document.querySelector('#stage').dataset.row !== before", arg=before)
        assert marked > 0, "half of the first rows are the most unusual"
        p.labelled(8)
        p.page.screenshot(path=shot / "label-table-dark.png")
        p.page.click("#act-undo")
        p.labelled(7)
        p.page.click("#act-comment")
        p.page.fill("dialog input", "who is this?")
        p.page.click("dialog button:has-text('Save')")
        p.page.wait_for_selector(".remark")
        # A decision of the list is taken back where it stands.
        row = p.page.inner_text("#history li:nth-child(3) .soft").removeprefix("row ").replace(",", "")
        p.page.click("#history li:nth-child(3) button")
        p.page.wait_for_function("(row) => document.querySelector('#stage').dataset.row === row", arg=row)
        p.page.click("button:has-text('Add a class')")
        p.page.fill("dialog input", "unclear")
        p.page.keyboard.press("Enter")
        p.page.wait_for_selector(".option:has-text('unclear')")
        cells = p.do("fetch('/api/about').then((answer) => answer.json()).then((about) => about.columns)")
        assert cells == ["amount", "balance", "country", "since"]
        # What is beside the item says what it holds, as the item does.
        p.beside("brief")
        near = p.page.inner_text(".near li:first-child").splitlines()
        row = int(next(text for text in near if text.startswith("row ")).removeprefix("row ").replace(",", ""))
        told = p.do(f"""fetch('/api/cells', {{ method: "POST", headers: {{ "Content-Type": "application/json" }}, body: '{{ "ids": [{row - 1}] }}' }})
            .then((answer) => answer.json()).then((answer) => answer.rows[0][1])""")
        assert any(cell and cell[:5] in " ".join(near) for cell in told), (near, told)
        assert p.page.locator("#history .brief").count() > 0


def test_series(browser, server, place, shot):
    """Rows that are series are plots, beside the item too."""
    with Page(browser, server.url, (1440, 900)) as p:
        for i in range(6):
            p.page.wait_for_selector("article .plot")
            p.press("12"[i % 2])
        p.beside("plot")
        p.page.wait_for_selector("#history .plot")
        p.page.screenshot(path=shot / "label-series.png")


def test_two(browser, server, place, shot):
    """Two browsers on one queue."""
    with Page(browser, server.url, (900, 700)) as one:
        url = one.do("""fetch('/api/invite', { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" })
            .then((answer) => answer.json()).then((answer) => answer.url)""")
        with Page(browser, url, (900, 700)) as two:
            rows = [[], []]
            for i in range(20):
                p, of = [(one, rows[0]), (two, rows[1])][i % 2]
                of.append(p.row())
                p.press("1")
            assert not set(rows[0]) & set(rows[1]), rows


def test_waiting(browser, server, place, shot):
    """A server that does not answer: the page stays, and what it asked for happens once."""
    with Page(browser, server.url, (900, 700)) as p:
        row, before = p.row(), p.state()["labelled"]
        server.process.send_signal(signal.SIGSTOP)
        p.page.keyboard.press("1")
        p.page.keyboard.press("2")
        p.page.wait_for_timeout(700)
        assert p.row() == row, "nothing moves on before it is confirmed"
        server.process.send_signal(signal.SIGCONT)
        p.page.wait_for_function("(row) => document.querySelector('#stage').dataset.row !== row", arg=row)
        assert p.state()["labelled"] == before + 1
        # A full disk: the page says so, keeps the row, and asks again.
        p.page.route("**/api/decide", lambda route: route.fulfill(
            status=507, json={"message": "the labels cannot be written", "hint": "free some space"}))
        row = p.row()
        p.page.keyboard.press("1")
        p.page.wait_for_selector("#alarm:not([hidden])")
        assert "free some space" in p.page.inner_text("#alarm") and p.row() == row
        p.page.unroute("**/api/decide")
        p.page.wait_for_function("(row) => document.querySelector('#stage').dataset.row !== row", arg=row)
        assert p.page.is_hidden("#alarm") and p.state()["labelled"] == before + 2
        p.errors.clear()


def test_phone(browser, server, place, shot):
    with Page(browser, server.url, (390, 844), has_touch=True, is_mobile=True, device_scale_factor=2, reduced_motion="reduce") as p:
        assert p.do("document.documentElement.scrollWidth") <= 390, "nothing is cut off at the side"
        for selector in (".option", "#actions button", "#help"):
            for box in [one.bounding_box() for one in p.page.locator(selector).all()]:
                assert box["x"] >= 0 and box["x"] + box["width"] <= 390 and box["height"] >= 36, (selector, box)
        assert p.do("getComputedStyle(document.querySelector('#bar')).transitionDuration") in ("0s", "")
        assert p.do("getComputedStyle(document.querySelector('#bar')).transitionProperty") in ("none", "all")
        before = p.row()
        p.page.locator(".option").first.tap()
        p.page.wait_for_function("(before) => document.querySelector('#stage').dataset.row !== before", arg=before)
        p.page.wait_for_timeout(300)
        p.page.screenshot(path=shot / "label-phone.png")


def slope(row):
    """The class of a bar: flat, rising, upright or falling."""
    return ((int(row) - 1) % 10 * 4 + 5) // 10 % 4


def measure(browser, server, name, presses=300):
    """Milliseconds from a key to the frame that shows the next item."""
    with Page(browser, server.url, (1440, 900)) as p:
        p.do(
            """() => { window.times = []; let at = 0; const channel = new MessageChannel();
            channel.port1.onmessage = () => times.push(performance.now() - at);
            addEventListener("keydown", (event) => { at = event.timeStamp; }, true);
            new MutationObserver(() => requestAnimationFrame(() => channel.port2.postMessage(0)))
              .observe(document.querySelector("#stage"), { attributes: true, attributeFilter: ["data-row"] }); }"""
        )
        for i in range(presses):
            p.press("12"[i % 2] if i % 5 else "1")
            p.page.wait_for_timeout(60)
        p.page.wait_for_timeout(300)
        times = sorted(p.do("times"))
    print(
        f"  {name}: {len(times)} keys, median {statistics.median(times):.0f} ms, "
        f"95 % below {times[int(0.95 * len(times))]:.0f} ms, most {times[-1]:.0f} ms"
    )
    return times


def measured(binary, place, browser, presses=300):
    """The times with 100 000 images and 100 000 rows."""
    images(place / "many-idx3-ubyte", 100_000)
    table(place / "many.csv", 100_000)
    found = {}
    for name, data, classes in [("images", "many-idx3-ubyte", ",".join(CLASSES)), ("rows of a table", "many.csv", "fine,fraud")]:
        with Server(binary, place, data, "--labels", f"{data}.db", "--classes", classes) as server:
            found[name] = measure(browser, server, name, presses)
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--browser", required=True)
    parser.add_argument("--veridic", required=True)
    parser.add_argument("--smooth", action="store_true")
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    binary = str(Path(options.veridic).resolve())
    with tempfile.TemporaryDirectory() as scratch:
        place = (options.keep or Path(scratch)).resolve()
        place.mkdir(parents=True, exist_ok=True)
        for old in place.glob("*.db*"):
            old.unlink()
        images(place / "bars-idx3-ubyte", 500)
        table(place / "data.csv", 800)
        steps = ",".join(f"load_{i}" for i in range(24))
        wave = lambda i: ",".join(f"{math.sin(k * (1 + i % 2) / 3) + i % 5:.3f}" for k in range(24))
        (place / "waves.csv").write_text(f"meter,{steps}\n" + "".join(f"m{i % 7},{wave(i)}\n" for i in range(200)))
        waves = ("waves.csv", "--labels", "waves.db", "--classes", "slow,fast")
        bars = ("bars-idx3-ubyte", "--labels", "bars.db", "--classes", ",".join(CLASSES))
        rows = ("data.csv", "--labels", "rows.db", "--classes", "fine,fraud")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=options.browser, args=["--no-sandbox"])
            tests = [
                ("keys", test_keys, bars),
                ("mouse and dark", test_mouse, rows),
                ("series", test_series, waves),
                ("two browsers", test_two, bars),
                ("a server that waits", test_waiting, bars),
                ("phone", test_phone, bars),
            ]
            for name, test, arguments in tests:
                with Server(binary, place, *arguments) as server:
                    test(browser, server, place, place)
                labels = arguments[arguments.index("--labels") + 1]
                subprocess.run([binary, "label", arguments[0], "--labels", labels, "--check", "--quiet"],
                               check=True, cwd=place, stdout=subprocess.DEVNULL)
                print(f"browser: labels, {name} ok")
            if options.smooth:
                print("a key to the next item on the screen, 100 000 items:")
                measured(binary, place, browser)
            browser.close()
    print(f"{len(tests)} passed, 0 failed")


if __name__ == "__main__":
    main()
