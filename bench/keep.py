"""What a benchmark has measured so far, a JSON object a line in .work/NAME.jsonl, so that it goes on where it was stopped."""

import json

from run import BENCH


class Keep:
    def __init__(self, name):
        self.path = BENCH / ".work" / f"{name}.jsonl"

    def lines(self):
        return [json.loads(line) for line in self.path.read_text().splitlines()] if self.path.is_file() else []

    def add(self, line):
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with open(self.path, "a") as file:
            file.write(json.dumps(line) + "\n")
