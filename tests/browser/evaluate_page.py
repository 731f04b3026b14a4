"""Has the program judge tables of known faults, and looks at the pages in Chromium: at a desk, on a phone, on paper, without a network.

    tests/browser/run [VERIDIC] [--keep DIR]

--keep DIR leaves the pages, screenshots and prints there.
"""

import argparse
import csv
import random
import subprocess
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

NASTY = '</style><script>document.title="owned"</script><img src=x onerror=alert(1)>'
NAMES = ["age", "pay", "since", "city", "buys", "a name that goes on and on and does not end", "card", NASTY]


def people(draw, rows):
    """Pay goes with age and city, who buys with pay; some cells are missing, one level is markup."""
    for _ in range(rows):
        at = draw.randrange(3)
        age = round(20 + 40 * draw.random() + 10 * at)
        pay = round(100 * (age + 20 * at + 4 * draw.random()), 2)
        since = f"20{10 + age % 12}-{1 + age % 12:02}-{1 + draw.randrange(28):02}"
        buys = "yes" if pay / 100 + 40 * draw.random() > 90 else "no"
        long = draw.choice(["Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch", "b", "c", "d", ""])
        city = ["Rome", NASTY, "Bern"][at]
        yield [age, pay, since, city, buys, long, f"{draw.randrange(10**10):010}", draw.random() if at else ""]


def write(path, rows, names=NAMES):
    with open(path, "w", newline="") as file:
        out = csv.writer(file)
        out.writerow(names)
        out.writerows(rows)


def tables(place):
    """The real rows, unseen ones, and synthetic tables by the word that must be said of them first."""
    drawn = {name: list(people(random.Random(seed), 900)) for seed, name in enumerate(["real", "unseen", "fresh"])}
    real, fresh = drawn["real"], drawn["fresh"]
    columns = [list(column) for column in zip(*fresh)]
    for column in columns:
        random.Random(str(column[0])).shuffle(column)
    made = {
        "independent": list(zip(*columns)),
        "copies": real,
        "misses": [row for row in list(people(random.Random(9), 2700)) if row[3] == "Rome"],
        "leaks": [[*row[:6], known[6], row[7]] for row, known in zip(fresh, real)],
        "fresh": fresh,
    }
    write(place / "real.csv", real)
    write(place / "unseen.csv", drawn["unseen"])
    for name, rows in made.items():
        write(place / f"{name}.csv", rows)
    return list(made)


class Page:
    """A page in a window of its own, which may not log an error nor ask for anything but itself."""

    def __init__(self, browser, path, size, media=None):
        self.context = browser.new_context(viewport={"width": size[0], "height": size[1]}, offline=True)
        self.page = self.context.new_page()
        self.errors, self.requests = [], []
        self.page.on("console", lambda m: self.errors.append(m.text) if m.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        if media:
            self.page.emulate_media(media=media)
        self.page.goto(path.as_uri())

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if error[0] is None:
            assert not self.errors, self.errors
            assert len(self.requests) == 1, self.requests
        self.context.close()

    def do(self, script):
        return self.page.evaluate(script)

    def check_layout(self):
        """Nothing sticks out of the window but tables that can be scrolled; no cell is crushed; no label of a picture is cut."""
        width, inner = self.do("[document.documentElement.scrollWidth, innerWidth]")
        assert width <= inner, (width, inner)
        out = self.do(
            """() => [...document.querySelectorAll("body *")].filter(element => !element.closest(".wide") && !element.closest("svg") &&
                element.getBoundingClientRect().right > innerWidth + 1).map(element => element.outerHTML.slice(0, 120))"""
        )
        assert not out, out
        tall = self.do(
            """() => [...document.querySelectorAll("td, th")].filter(cell => cell.getBoundingClientRect().height > 160)
                .map(cell => cell.outerHTML.slice(0, 200))"""
        )
        assert not tall, tall
        cut = self.do(
            """() => [...document.querySelectorAll(".columns svg")].flatMap(svg => [...svg.querySelectorAll("text")]
                .filter(text => { const [a, b] = [text.getBoundingClientRect(), svg.getBoundingClientRect()];
                    return a.left < b.left - 1 || a.right > b.right + 1 || a.top < b.top - 1 || a.bottom > b.bottom + 1; })
                .map(text => text.textContent))"""
        )
        assert not cut, cut


def test_words(browser, place, names):
    for name in names:
        with Page(browser, place / f"{name}.html", (1280, 900)) as page:
            first = page.page.locator(".finding strong").first.inner_text()
            good = ["indistinguishable", "close"] if name == "fresh" else [name]
            assert first in good, (name, page.page.locator(".finding").all_inner_texts())


def test_screen(browser, place, path, name, size):
    with Page(browser, path, size) as page:
        assert page.do("document.title") == f"{path.stem}.csv beside real.csv"
        assert page.do("document.scripts.length + document.images.length") == 0
        assert page.page.get_by_text(NASTY[:12]).count() > 0
        page.check_layout()
        # A picture a column, and the numbers of all of them beside the page.
        assert page.page.locator(".columns svg").count() == len(NAMES)
        with open(path.with_suffix(".columns.csv"), newline="") as file:
            assert len({row["column"] for row in csv.DictReader(file)}) == len(NAMES)
        page.page.screenshot(path=place / f"{path.stem}-{name}.png", full_page=True)


def test_paper(browser, place, path):
    # The width of A4 less the margins.
    with Page(browser, path, (718, 1000), media="print") as page:
        width = page.do("innerWidth")
        wide = page.do("Math.max(...[...document.querySelectorAll('table, svg, p')].map(e => e.getBoundingClientRect().right))")
        assert wide <= width + 1, (wide, width)
        whole = page.do("[...document.querySelectorAll('svg, tr')].every(e => getComputedStyle(e).breakInside === 'avoid')")
        assert whole
    with Page(browser, path, (1280, 900)) as page:
        printed = page.page.pdf(format="A4", print_background=True, path=place / f"{path.stem}.pdf")
        assert printed.startswith(b"%PDF") and 2 <= printed.count(b"/Type /Page\n") <= 12, printed.count(b"/Type /Page\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--browser", required=True)
    parser.add_argument("--veridic", required=True)
    parser.add_argument("--keep", type=Path)
    options, _ = parser.parse_known_args()
    binary = str(Path(options.veridic).resolve())
    with tempfile.TemporaryDirectory() as scratch:
        place = options.keep or Path(scratch)
        place.mkdir(parents=True, exist_ok=True)
        place = place.resolve()
        names = tables(place)
        for name in names:
            arguments = ["evaluate", "real.csv", f"{name}.csv", "--unseen", "unseen.csv", "--target", "buys"]
            arguments += ["--protected", "city", "-o", f"{name}.html", "--quiet"]
            subprocess.run([binary, *arguments], check=True, cwd=place)
        fresh = place / "fresh.html"
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=options.browser, args=["--no-sandbox"])
            tests = [
                ("words", lambda: test_words(browser, place, names)),
                ("desk", lambda: test_screen(browser, place, fresh, "desk", (1280, 900))),
                ("phone", lambda: test_screen(browser, place, fresh, "phone", (390, 844))),
                ("small phone", lambda: test_screen(browser, place, fresh, "small", (320, 640))),
                ("paper", lambda: test_paper(browser, place, fresh)),
            ]
            for name, test in tests:
                test()
                print(f"browser: evaluate, {name} ok")
            browser.close()
    print(f"{len(tests)} passed, 0 failed")


if __name__ == "__main__":
    main()
