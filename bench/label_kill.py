"""Kills the labelling server at random moments while labels arrive, and counts what is lost or there twice.

    python bench/label_kill.py VERIDIC [--kills 100] [--seed 1]   then: python bench/run.py --workloads '' --no-binary --render

Every answer of the server is a promise. After each kill the file of labels is proved (`veridic label … --check`), and at
the end its export is compared with every promise. Stores results/label-kill.json; needs nothing but Python.
"""

import argparse
import csv
import http.client
import json
import random
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from run import machine, store


class Server:
    def __init__(self, binary, place):
        command = [binary, "label", "data.csv", "--labels", "l.db", "--classes", "a,b", "--no-browser", "--annotator", "k"]
        self.process = subprocess.Popen(command, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        url = self.process.stdout.readline().strip()
        self.port = int(url.split(":")[2].split("/")[0])
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        self.connection.request("GET", "/" + url.split("/")[3])
        answer = self.connection.getresponse()
        answer.read()
        self.cookie = answer.getheader("set-cookie").split(";")[0]

    def post(self, path, body):
        headers = {"Cookie": self.cookie, "Origin": f"http://127.0.0.1:{self.port}", "Content-Type": "application/json"}
        self.connection.request("POST", path, json.dumps(body), headers)
        answer = self.connection.getresponse()
        text = answer.read()
        assert answer.status == 200, text
        return json.loads(text)


def label(server, number, promised, sent):
    """Labels until the server is gone."""
    ready = []
    try:
        while True:
            if not ready:
                ready = [item["id"] for item in server.post("/api/next", {"have": [], "want": 4})["items"]]
            row = ready.pop(0)
            sent.append(row)
            body = {"key": f"{number}-{row}", "id": row, "decision": "label", "class": row % 2, "have": ready, "want": 1}
            ready += [item["id"] for item in server.post("/api/decide", body)["items"]]
            promised.append(row)
    except (OSError, http.client.HTTPException):
        return


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("veridic")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    where = machine()
    draw, binary = random.Random(options.seed), str(Path(options.veridic).resolve())
    with tempfile.TemporaryDirectory() as place:
        with open(Path(place) / "data.csv", "w") as file:
            file.write("x,y\n")
            file.writelines(f"{i},{i * 7 % 113}\n" for i in range(50_000))
        promised, sent = [], []
        for number in range(options.kills):
            server = Server(binary, place)
            worker = threading.Thread(target=label, args=(server, number, promised, sent))
            worker.start()
            time.sleep(draw.uniform(0.01, 0.5))
            server.process.kill()
            server.process.wait()
            worker.join()
            check = [binary, "label", "data.csv", "--labels", "l.db", "--check", "--quiet"]
            subprocess.run(check, cwd=place, check=True, stdout=subprocess.DEVNULL)
        subprocess.run([binary, "label", "l.db", "--export", "out.csv", "--quiet"], cwd=place, check=True)
        with open(Path(place) / "out.csv", newline="") as file:
            kept = {int(row["row"]) - 1: row["class"] for row in csv.DictReader(file) if row["status"] == "label"}
    lost = [row for row in promised if kept.get(row) != "ab"[row % 2]]
    twice = len(promised) - len(set(promised))
    never_sent = set(kept) - set(sent)
    print(
        f"{options.kills} kills, {len(promised)} labels confirmed, {len(kept)} kept: {len(lost)} lost, "
        f"{twice} asked for twice, {len(never_sent)} from nowhere"
    )
    about = (
        "`veridic label` is killed (SIGKILL) at random moments while one page labels as fast as it can, and started again on "
        "the same file. Confirmed: answered before the kill. Kept beyond those: on disk when the answer was cut off."
    )
    columns = ["kills", "confirmed", "kept", "confirmed and lost", "asked for twice", "kept and never sent"]
    figures = [options.kills, len(promised), len(kept), len(lost), twice, len(never_sent)]
    store("label-kill", {"kind": "table", "title": "Labels: the server killed", "about": about, "machine": where,
                         "columns": columns, "rows": [[str(figure) for figure in figures]]})
    assert not lost and not twice and not never_sent


if __name__ == "__main__":
    main()
