"""Whether structure changes who wrote a plan: `python -m bench.authorship`. Prints one JSON line.

Five people write a plan of 25,000 characters; then 1,000 structural edits are made to it (Enter, joining, lists,
quotes, headings, bold over everything, table rows and columns that change places, blocks that move, cut and paste,
all cut and pasted back, delete and undo) by these five and a sixth. ProseMirror and the editor's own Yjs binding carry
them out under Node (`web/scripts/plan-edits.mjs`, which checks that no edit changes a character), and every update is
applied here as the server's room does: pycrdt, the plain text of the tree, `Attribution.step`.

`worst_change_pct` is the greatest change of anybody's share since the writing, in percentage points of all characters,
after any of the edits; the goal is 0.5. `step_us` is the processor time of `Attribution.step` in the structural part.
"""

from __future__ import annotations

import base64
import json
import statistics
import subprocess
import time
from pathlib import Path
from typing import Any

import msgspec
from pycrdt import Doc

from server.planning.authorship.attribution import Attribution, Author
from server.planning.document import plain_text, read_tree

SEED, EDITS, CHARACTERS = 7, 1_000, 25_000
TIMEOUT_S = 600
WEB = Path(__file__).parent.parent / "web"


class Line(msgspec.Struct):
    """A transaction of the editor, the end of an edit, or the end."""

    author: str = ""
    kind: str = ""
    update: str = ""  # base64
    edit: str = ""
    done: dict[str, int] | None = None


def edited(seed: int, edits: int, characters: int) -> list[Line]:
    """Return what the editor did.

    Raises:
        subprocess.SubprocessError: Node is missing, failed or took too long.
    """
    command = ["node", "scripts/plan-edits.mjs", str(seed), str(edits), str(characters)]
    out = subprocess.run(command, cwd=WEB, check=True, capture_output=True, timeout=TIMEOUT_S).stdout
    return [msgspec.json.decode(line, type=Line) for line in out.splitlines()]


def run(seed: int, edits: int, characters: int) -> dict[str, Any]:
    """Return the figures of one run."""
    doc: Doc[Any] = Doc()
    plan = Attribution()
    before: dict[Author, int] = {}
    worst, worst_edit = 0, ""
    times_us: list[float] = []
    lines = edited(seed, edits, characters)
    for line in lines:
        if line.update:
            doc.apply_update(base64.b64decode(line.update))
            text = plain_text(read_tree(doc))
            begun = time.process_time()
            plan.step(text, line.author)
            if line.kind == "write":
                before = plan.shares()
            else:
                times_us.append((time.process_time() - begun) * 1e6)
        elif line.edit:
            shares = plan.shares()
            change = max(abs(shares.get(who, 0) - before.get(who, 0)) for who in {*before, *shares})
            worst, worst_edit = max((worst, worst_edit), (change, line.edit))
    total = sum(before.values())
    return {
        "characters": len(plan.text),
        "edits": sum((lines[-1].done or {}).values()),
        "updates": len(times_us),
        "worst_change_pct": round(100 * worst / total, 3),
        "worst_edit": worst_edit,
        "step_us": {
            "median": round(statistics.median(times_us)),
            "mean": round(statistics.fmean(times_us)),
            "p99": round(statistics.quantiles(times_us, n=100)[98]),
            "max": round(max(times_us)),
        },
        "state_bytes": len(plan.encode()),
        "by_edit": lines[-1].done,
    }


if __name__ == "__main__":
    print(json.dumps(run(SEED, EDITS, CHARACTERS)))
