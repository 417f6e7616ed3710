"""The few lines of a session description that the WHIP door touches itself: sources, and ICE credentials.

RFC 8840 (trickle-ice-sdpfrag), RFC 8839 (ICE attributes). Everything else of an SDP is the media worker's business.
"""

from __future__ import annotations

from signaling.errors import ProtocolViolation
from signaling.messages import Source, SourceLine

_CREDENTIALS = ("a=ice-ufrag:", "a=ice-pwd:")


def sources_of(offer: str) -> tuple[SourceLine, ...]:
    """Return what an encoder's offer carries: the first sound is the microphone, pictures are camera, then screen.

    Raises:
        ProtocolViolation: `sdp_malformed`: no `m=` line, or one without a mid.
    """
    waiting: dict[str, list[Source]] = {"audio": ["mic"], "video": ["camera", "screen"]}
    lines: list[SourceLine] = []
    for section in _sections(offer)[1:]:
        kind = section[0][2:].partition(" ")[0]
        mid = next((line[6:] for line in section if line.startswith("a=mid:")), "")
        if waiting.get(kind) and mid:
            lines.append(SourceLine(mid, waiting[kind].pop(0)))
    if not lines:
        raise ProtocolViolation("sdp_malformed", "会话描述里没有可用的声音或画面。")
    return tuple(lines)


def with_credentials(offer: str, fragment: str) -> str:
    """Return `offer` with the ICE credentials of `fragment`; as it is when the fragment has none.

    Raises:
        ProtocolViolation: `sdp_malformed`: one of the two credentials is missing.
    """
    found = {name: line for line in _lines(fragment) for name in _CREDENTIALS if line.startswith(name)}
    if not found:
        return offer
    if len(found) != len(_CREDENTIALS):
        raise ProtocolViolation("sdp_malformed", "会话描述片段缺少 ICE 凭据。")
    changed = [next((found[name] for name in _CREDENTIALS if line.startswith(name)), line) for line in _lines(offer)]
    return "\r\n".join(changed) + "\r\n"


def of_answer(answer: str) -> str:
    """Return the fragment that carries the ICE credentials and candidates of `answer` (RFC 9725 §4.3.3)."""
    session, *sections = _sections(answer)
    lines = [line for line in session if line.startswith(("a=ice-lite", *_CREDENTIALS))]
    for section in sections[:1]:  # one bundle: the first section speaks for all
        lines += [line for line in section if line.startswith(_CREDENTIALS)]
        lines.append(section[0])
        lines += [line for line in section if line.startswith(("a=mid:", "a=candidate:", "a=end-of-candidates"))]
    return "\r\n".join(lines) + "\r\n"


def _lines(text: str) -> list[str]:
    return [line for line in text.replace("\r\n", "\n").split("\n") if line]


def _sections(text: str) -> list[list[str]]:
    """Return the session's lines, then those of each media description."""
    sections: list[list[str]] = [[]]
    for line in _lines(text):
        if line.startswith("m="):
            sections.append([])
        sections[-1].append(line)
    return sections
