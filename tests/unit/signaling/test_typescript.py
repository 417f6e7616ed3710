"""The generated TypeScript is the written one, and says what the wire says."""

from __future__ import annotations

import pytest

from signaling import typescript


def test_written_file_is_up_to_date() -> None:
    written = typescript.TARGET.read_text(encoding="utf-8")
    assert written == typescript.render(), "run: python -m signaling.typescript --write"


@pytest.mark.parametrize(
    "line",
    [
        "export const PROTOCOL_VERSION = 1;",
        "export type PeerId = string;",
        "export type Source = 'camera' | 'mic' | 'screen' | 'line';",
        "export type Role = 'lecturer' | 'classroom' | 'local_teacher' | 'observer' | 'convener' | 'member';",
        "  type: 'hello';",
        "  resume?: string;",  # the client may leave a default out
        "  kind: 'hand_changed';",
        "  hand_for: string;",  # the server never does
        "  participants: readonly Participant[];",
        "  called_on: PeerId | null;",
        "  body: EventBody;",
    ],
)
def test_spelling(line: str) -> None:
    assert line in typescript.render().splitlines()


def test_unknown_argument_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert typescript.main(["--wrong"]) == 2
    assert "usage" in capsys.readouterr().err
