"""Makes maps with the program and uses their pages as a person would, in Chromium, at the size of a desk and of a phone.

    tests/browser/run [VERIDIC] [--smooth] [--keep DIR]

--smooth also measures frames while 300 000 points are dragged; times are printed, never asserted.
--keep DIR leaves the pages and screenshots there.
"""

import argparse
import csv
import io
import math
import random
import statistics
import struct
import subprocess
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

ROWS = 3000
NASTY = '</script><script>document.title="owned"</script>, "quoted"'
KINDS = ["apple", "pear", "a fig & co", NASTY]


def table(path, rows, seed=1):
    """Three clouds of different size in four columns, a class, a rare flag, an amount with cents, a date and a name."""
    draw = random.Random(seed)
    with open(path, "w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["a", "b", "c", "d", "kind", "amount", "since", "name", "rare"])
        for i in range(rows):
            cloud = i % 3
            numbers = [round(draw.gauss(4 * (cloud == j), 1 + cloud), 6) for j in range(4)]
            kind = KINDS[3] if i % 211 == 7 else KINDS[cloud]
            since = f"20{10 + i % 12}-{1 + i % 12:02}-{1 + i % 28:02}"
            rare = "yes" if i % 97 == 5 else "no"
            amount = f"{draw.lognormvariate(3, 1.5):.2f}" if i % 50 else ""
            out.writerow([*numbers, kind, amount, since, f"row-{i:06}-{draw.randrange(10**6)}", rare])


def images(path, count):
    """Bars at ten slopes, 16 x 16 pixels, in the IDX format."""
    pixels = bytearray()
    for i in range(count):
        slope = math.pi * (i % 10) / 10
        for p in range(256):
            far = abs((p % 16 - 7.5) * math.sin(slope) - (p // 16 - 7.5) * math.cos(slope))
            pixels.append(max(0, 255 - int(90 * far)))
    path.write_bytes(struct.pack(">4I", 0x803, count, 16, 16) + bytes(pixels))


class Page:
    """A page in a window of its own, which may not log an error nor ask for anything but itself."""

    def __init__(self, browser, path, size, mark="", **options):
        self.context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, accept_downloads=True, **options
        )
        self.page = self.context.new_page()
        self.errors, self.requests = [], []
        self.page.on("console", lambda m: self.errors.append(m.text) if m.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(path.as_uri() + mark)
        self.page.wait_for_selector("html[data-ready]", timeout=120_000)
        self.settle()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if error[0] is None:
            assert not self.errors, self.errors
            outside = [url for url in self.requests if not url.startswith(("file:", "blob:"))]
            assert not outside, outside
        self.context.close()

    def settle(self):
        self.page.wait_for_timeout(450)

    def do(self, script):
        return self.page.evaluate(script)

    def text(self, selector):
        return self.page.locator(selector).inner_text()

    def place(self, x, y):
        """Where a place of the map is in the window."""
        box = self.page.locator("#overlay").bounding_box()
        return box["x"] + x, box["y"] + y

    def point(self, i):
        return self.place(*self.do(f"view.toScreen(plane[{2 * i}], plane[{2 * i + 1}])"))

    def lonely(self):
        """A row that no other covers: its nearest on the map is far, and it lies within the window."""
        return self.do(
            """() => { let best = 0, far = 0;
            for (let i = 0; i < map.n; i++) {
                const [x, y] = view.toScreen(plane[2 * i], plane[2 * i + 1]);
                if (x < 60 || y < 80 || x > view.width - 60 || y > view.height - 60) continue;
                const j = grid.neighbors(i, 1)[0];
                const d = Math.hypot(plane[2 * i] - plane[2 * j], plane[2 * i + 1] - plane[2 * j + 1]);
                if (d > far) [best, far] = [i, d];
            } return best; }"""
        )

    def drag(self, corners, shift=False):
        mouse = self.page.mouse
        if shift:
            self.page.keyboard.down("Shift")
        mouse.move(*corners[0])
        mouse.down()
        for x, y in corners[1:]:
            mouse.move(x, y, steps=4)
        mouse.up()
        if shift:
            self.page.keyboard.up("Shift")
        self.settle()

    def shown(self):
        # The count is written with the frame.
        self.do("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        return int(self.text("#state").split(" of ")[0].replace(",", ""))

    def selected(self):
        words = self.text("#selected").split()
        return 0 if words[0] == "nothing" else int(words[0].replace(",", ""))


def inside(points, left, top, right, bottom):
    return [i for i, (x, y) in enumerate(points) if left < x < right and top < y < bottom]


def test_desk(browser, html, rows, marks, shot):
    with Page(browser, html, (1440, 900), mark="#webgl") as p:
        assert p.do("document.documentElement.dataset.ready") == "WebGL"
        assert p.do("document.title") == "Map of data.csv", "a cell has run as a script"
        assert p.shown() == ROWS
        # Something is drawn, in the colors of the classes.
        drawn = p.do(
            """() => { draw(performance.now()); const gl = painter.gl;
            const bytes = new Uint8Array(4 * gl.drawingBufferWidth * gl.drawingBufferHeight);
            gl.readPixels(0, 0, gl.drawingBufferWidth, gl.drawingBufferHeight, gl.RGBA, gl.UNSIGNED_BYTE, bytes);
            let n = 0; for (let i = 3; i < bytes.length; i += 4) n += bytes[i] > 0; return n; }"""
        )
        assert drawn > 2 * ROWS, drawn
        p.page.screenshot(path=shot / "desk.png")

        # The wheel zooms, and what is under the pointer stays there.
        spot = p.place(400, 300)
        p.page.mouse.move(*spot)
        before, zoom = p.do("view.toPlane(400, 300)"), p.do("view.zoom")
        p.page.mouse.wheel(0, -400)
        p.settle()
        after = p.do("view.toPlane(400, 300)")
        assert p.do("view.zoom") > 1.5 * zoom
        # A pointer is at whole pixels, the map need not be.
        pixel = 1.5 / p.do("view.unit")
        assert math.dist(before, after) < pixel, (before, after)
        p.drag([spot, (spot[0] + 120, spot[1] + 60)])
        moved = p.do("view.toPlane(520, 360)")
        assert math.dist(before, moved) < 2 * pixel, "dragging takes the map along"
        for button in ("#closer", "#farther", "#fit"):
            p.page.click(button)
        p.settle()
        assert abs(p.do("view.zoom") - zoom) < 1e-9

        # The pointer over a point shows its row as the data has it.
        i = p.lonely()
        p.page.mouse.move(*p.point(i))
        p.settle()
        tip = p.text("#tip")
        assert f"Row {i + 1}" in tip and rows[i]["kind"] in tip and rows[i]["since"] in tip, tip
        # A click shows everything, with neighbors in the data and on the map.
        p.page.mouse.click(*p.point(i))
        p.settle()
        values = p.page.locator("#point-values tr").all_inner_texts()
        found = dict(value.split("\t") if "\t" in value else (value, "") for value in values)
        for name, value in rows[i].items():
            assert found[name] == (value or "missing") or float(found[name]) == float(value), (name, found[name], value)
        near = [int(t.split(":")[0]) - 1 for t in p.page.locator("#point-neighbors div:first-child .value").all_inner_texts()]
        # The map counts categories and moments too, which the marks here leave out.
        shared = set(near) & set(nearest(marks, i, 10))
        assert len(near) == 10 and len(shared) >= 5, (near, nearest(marks, i, 10))
        on_map = p.page.locator("#point-neighbors div:nth-child(2) .value").count()
        assert on_map == 10
        p.page.screenshot(path=shot / "desk-row.png")
        p.page.click("#close")

        # A lasso selects what is inside, shift adds to it, and the file saved has exactly these rows.
        points = [p.do(f"view.toScreen(plane[{2 * i}], plane[{2 * i + 1}])") for i in range(ROWS)]
        p.page.click("#lasso")
        box = (300, 200, 520, 420)
        p.drag([p.place(x, y) for x, y in [(300, 200), (520, 200), (520, 420), (300, 420), (300, 203)]])
        expected = set(inside(points, *box))
        assert len(expected) > 20 and p.selected() == len(expected), (p.selected(), len(expected))
        p.page.click("#pan")
        p.drag([p.place(x, y) for x, y in [(560, 260), (700, 260), (700, 500), (560, 500), (560, 263)]], shift=True)
        expected |= set(inside(points, 560, 260, 700, 500))
        assert p.selected() == len(expected), (p.selected(), len(expected))
        left = "document.getElementById('overlay').getContext('2d').getImageData(640, 300, 1, 1).data[3]"
        assert p.do(left) == 0, "the line of a lasso goes when it is closed"
        p.page.screenshot(path=shot / "desk-selected.png")
        with p.page.expect_download() as download:
            p.page.click("#save")
        assert download.value.suggested_filename == "map-selection.csv"
        saved = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text(), newline="")))
        assert [int(row["row"]) - 1 for row in saved] == sorted(expected)
        for row in saved:
            source = rows[int(row["row"]) - 1]
            for name, value in source.items():
                same = row[name] == value or float(row[name]) == float(value)
                assert same, (name, row[name], value)
        p.page.click("#only")
        assert p.shown() == len(expected)
        p.page.click("#clear")
        p.settle()
        assert p.shown() == ROWS and p.selected() == 0, p.text("#selected")

        # Search finds text, numbers and rows.
        nasty = sum(row["kind"] == NASTY for row in rows)
        above = sum(float(row["amount"] or 0) > 100 for row in rows)
        apples = sum(r["kind"] == "apple" for r in rows)
        both = sum(r["kind"] != "apple" and float(r["amount"] or 0) > 100 for r in rows)
        for query, count in [("</SCRIPT>", nasty), ("amount > 100", above), ("#17", 1), ("row-000123", 1),
                             ("kind != apple", ROWS - apples), ("kind != apple & amount > 100", both),
                             ("a fig & co", sum(r["kind"] == "a fig & co" for r in rows)), ("kind = apple", apples)]:
            p.page.fill("#query", query)
            p.settle()
            assert p.text("#hits").startswith(f"{count:,} found"), (query, p.text("#hits"), count)
        p.page.press("#query", "Enter")
        p.page.click("#take")
        assert p.selected() == sum(r["kind"] == "apple" for r in rows)
        p.page.fill("#query", "no such thing")
        p.settle()
        assert p.text("#hits") == "nothing found"
        for query, problem in [("radius > 20", "there is no column radius"), ("amount > lots", "lots is no number"),
                               (f"#{ROWS + 1}", f"there is no row {ROWS + 1}")]:
            p.page.fill("#query", query)
            p.settle()
            assert p.text("#hits").startswith(f"not understood: {problem}"), p.text("#hits")
        # One row is shown where it lies, with others around it.
        p.page.fill("#query", "#17")
        p.page.press("#query", "Enter")
        p.settle()
        assert p.text("#point-title") == "Row 17"
        around = p.do("[...plane.keys()].filter((i) => i % 2 === 0).filter((i) => { const [x, y] = "
                      "view.toScreen(plane[i], plane[i + 1]); return x > 0 && y > 0 && x < view.width && y < view.height; }).length")
        assert 20 < around < ROWS, around
        p.page.click("#close")
        p.page.fill("#query", "")
        p.page.click("#clear")
        p.page.click("#fit")

        # Another color; hiding a class takes its rows away.
        p.page.select_option("#color", label="rare")
        p.settle()
        entries = p.page.locator("#legend .entry")
        assert entries.count() == 2
        entries.nth(0).click()
        p.settle()
        assert p.shown() == sum(row["rare"] == "yes" for row in rows)
        p.page.screenshot(path=shot / "desk-class.png")
        entries.nth(0).click()
        p.page.select_option("#color", label="amount")
        p.page.check("#rank")
        p.settle()
        assert p.page.locator("#legend .bar").count() == 1 and p.shown() == ROWS
        absent = sum(not row["amount"] for row in rows)
        assert p.text("#legend .entry").split() == ["missing", str(absent)], p.text("#legend .entry")
        p.page.screenshot(path=shot / "desk-value.png")

        # Everything works from the keyboard.
        p.page.keyboard.press("Tab")
        p.do("document.activeElement.blur()")
        p.page.keyboard.press("/")
        assert p.do("document.activeElement.id") == "query"
        p.page.focus("#overlay")
        zoom = p.do("view.zoom")
        p.page.keyboard.press("+")
        assert p.do("view.zoom") > zoom
        p.page.keyboard.press("l")
        assert p.page.get_attribute("#lasso", "aria-pressed") == "true"
        p.page.keyboard.press("0")
        unnamed = p.do(
            """() => [...document.querySelectorAll("button, input, select, canvas[tabindex]")].filter((one) =>
            !(one.textContent.trim() || one.getAttribute("aria-label") || one.labels?.length)).map((one) => one.id)"""
        )
        assert unnamed == [], unnamed


def test_dark(browser, html, shot):
    with Page(browser, html, (1440, 900), color_scheme="dark") as p:
        assert p.do("getComputedStyle(document.body).backgroundColor") == "rgb(20, 21, 23)"
        p.page.screenshot(path=shot / "desk-dark.png")


def test_phone(browser, html, rows, shot):
    with Page(browser, html, (390, 844), has_touch=True, is_mobile=True, device_scale_factor=2) as p:
        assert p.do("document.documentElement.scrollWidth") <= 390, "nothing is cut off at the side"
        for selector in ("#pan", "#lasso", "#closer", "#farther", "#fit", "#query"):
            box = p.page.locator(selector).bounding_box()
            assert box["x"] >= 0 and box["x"] + box["width"] <= 390 and box["height"] >= 36, (selector, box)
        p.page.screenshot(path=shot / "phone.png")
        i = p.lonely()
        p.page.touchscreen.tap(*p.point(i))
        p.settle()
        assert p.text("#point-title") == f"Row {i + 1}"
        assert rows[i]["since"] in p.text("#point-values")
        p.page.screenshot(path=shot / "phone-row.png")
        # Two fingers zoom around what is between them.
        zoom, middle = p.do("view.zoom"), p.do("view.toPlane(195, 200)")
        touch = p.context.new_cdp_session(p.page)
        x, y = p.place(195, 200)
        for kind, far in [("touchStart", 40), ("touchMove", 60), ("touchMove", 90), ("touchMove", 120), ("touchEnd", None)]:
            fingers = [] if far is None else [{"x": x - far, "y": y, "id": 1}, {"x": x + far, "y": y, "id": 2}]
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})
        p.settle()
        assert 2.2 < p.do("view.zoom") / zoom < 3.8, p.do("view.zoom") / zoom
        assert math.dist(middle, p.do("view.toPlane(195, 200)")) < 0.06
        p.page.click("#lasso")
        x, y = p.place(60, 120)
        path = [(x, y), (x + 240, y), (x + 240, y + 200), (x, y + 200)]
        touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
        for a, b in path[1:] + path[:1]:
            touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": a, "y": b}]})
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        p.settle()
        assert p.selected() > 0
        p.page.screenshot(path=shot / "phone-selected.png")


def test_without_webgl(browser, html, shot):
    with Page(browser, html, (900, 700), mark="#canvas") as p:
        assert p.do("document.documentElement.dataset.ready") == "2D canvas"
        drawn = p.do(
            """() => { const canvas = document.getElementById("points");
            const bytes = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
            let n = 0; for (let i = 3; i < bytes.length; i += 4) n += bytes[i] > 0; return n; }"""
        )
        assert drawn > ROWS, drawn
        p.page.screenshot(path=shot / "canvas.png")


def test_images(browser, html, shot):
    with Page(browser, html, (1440, 900)) as p:
        i = p.lonely()
        p.page.mouse.move(*p.point(i))
        p.settle()
        assert p.page.locator("#tip canvas").count() == 1
        pixel = p.do("document.querySelector('#tip canvas').getContext('2d').getImageData(8, 8, 1, 1).data[0]")
        assert pixel == p.do(f"images.original[{i} * 256 + 8 * 16 + 8]")
        p.page.check("#pictures")
        p.page.mouse.click(*p.point(i))
        p.settle()
        assert p.page.locator("#point-images canvas").count() == 1
        p.page.screenshot(path=shot / "images.png")


def measure_frames(browser, html, size, **options):
    """Milliseconds of each frame while the map is dragged and zoomed."""
    begun = time.monotonic()
    with Page(browser, html, size, **options) as p:
        ready = time.monotonic() - begun
        p.do("() => { window.frames_seen = []; let last = 0; const see = (now) => { if (last) frames_seen.push(now - last); last = now; requestAnimationFrame(see); }; requestAnimationFrame(see); }")
        x, y = p.place(size[0] * 0.3, size[1] * 0.3)
        p.page.mouse.move(x, y)
        p.page.mouse.down()
        for step in range(60):
            p.page.mouse.move(x + 3 * step, y + 2 * step)
        p.page.mouse.up()
        for step in range(12):
            p.page.mouse.wheel(0, -60 if step < 6 else 60)
        frames = p.do("frames_seen")
        idle = p.do("() => { const at = performance.now(); moving = 0; draw(at); painter.gl?.readPixels(0, 0, 1, 1, painter.gl.RGBA, painter.gl.UNSIGNED_BYTE, new Uint8Array(4)); return performance.now() - at; }")
        p.do("() => 0")
        name = p.do("document.documentElement.dataset.ready")
        least = p.do("share")
        begun = p.do("() => { const at = performance.now(); chooseColor(); return performance.now() - at; }")
    frames.sort()
    print(
        f"  {name}: open {ready:.1f} s; frames while moving: median {statistics.median(frames):.0f} ms, "
        f"95 % below {frames[int(0.95 * len(frames))]:.0f} ms, {len(frames)} frames, at last {100 * least:.0f} % of points; "
        f"a full frame {idle:.0f} ms, a new color {begun:.0f} ms"
    )


def nearest(marks, i, k):
    far = [(sum((a - b) ** 2 for a, b in zip(marks[i], other)), j) for j, other in enumerate(marks) if j != i]
    return [j for _, j in sorted(far)[:k]]


def standardized(rows):
    columns = [[float(row[name]) for row in rows] for name in "abcd"]
    scaled = []
    for values in columns:
        mean, spread = statistics.fmean(values), statistics.pstdev(values)
        scaled.append([(value - mean) / spread for value in values])
    return list(zip(*scaled))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--browser", required=True)
    parser.add_argument("--veridic", required=True)
    parser.add_argument("--smooth", action="store_true")
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    binary = str(Path(options.veridic).resolve())
    with tempfile.TemporaryDirectory() as scratch:
        place = options.keep or Path(scratch)
        place.mkdir(parents=True, exist_ok=True)
        place = place.resolve()

        def make(*arguments):
            subprocess.run([binary, "map", "--quiet", *arguments], check=True, cwd=place)

        table(place / "data.csv", ROWS)
        # The amount has missing cells, so it can be looked at but not mapped.
        make("data.csv", "--method", "pca", "--color", "kind", "--set", 'drop=["amount"]', "-o", "map.html")
        images(place / "bars-idx3-ubyte", 500)
        make("bars-idx3-ubyte", "--method", "pca", "-o", "images.html")
        with open(place / "data.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        html = place / "map.html"
        arguments = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--no-sandbox"]
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=options.browser, args=arguments)
            tests = [
                ("desk", lambda: test_desk(browser, html, rows, standardized(rows), place)),
                ("dark", lambda: test_dark(browser, html, place)),
                ("phone", lambda: test_phone(browser, html, rows, place)),
                ("without WebGL", lambda: test_without_webgl(browser, html, place)),
                ("images", lambda: test_images(browser, place / "images.html", place)),
            ]
            for name, test in tests:
                test()
                print(f"browser: {name} ok")
            if options.smooth:
                table(place / "large.csv", 300_000)
                make("large.csv", "--method", "pca", "--color", "kind", "--set", 'drop=["amount"]', "-o", "large.html")
                print(f"300 000 points, page of {(place / 'large.html').stat().st_size / 1e6:.1f} MB, all drawn by the processor:")
                measure_frames(browser, place / "large.html", (1440, 900), mark="#webgl")
                measure_frames(browser, place / "large.html", (1440, 900), mark="#canvas")
                measure_frames(browser, place / "large.html", (390, 844), mark="#canvas", device_scale_factor=2)
                print("the same page with few points:")
                measure_frames(browser, html, (1440, 900), mark="#canvas")
            browser.close()
    print(f"{len(tests)} passed, 0 failed")


if __name__ == "__main__":
    main()
