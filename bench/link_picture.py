"""A run as a picture (SVG): what the link could carry, what arrived, how many lines were seen, where it stood still.

Colours and manner are those of the web client. Nothing is smoothed: a second is a second.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from bench.link_figures import GONE_S, Frame, concealment, stalls
from bench.link_trace import Trace

WIDTH = 1200
LEFT, RIGHT = 132, 28
PLOT = WIDTH - LEFT - RIGHT
RATE_TOP, RATE_HEIGHT = 112, 190
LINES_TOP, LINES_HEIGHT = 346, 110
STRIP_TOP, STRIP_HEIGHT, STRIP_STEP = 500, 20, 34
HEIGHT = 602
INK, INK_2, LINE, GROUND, SUNKEN = "#14201b", "#42514a", "#ccd4cd", "#ffffff", "#e8ece7"
ACCENT, ACCENT_SOFT, BAD, WARN = "#075e4c", "#dcefe8", "#9b1c1c", "#c07a1e"
FONT = "PingFang SC, Microsoft YaHei, Noto Sans CJK SC, WenQuanYi Zen Hei, sans-serif"
# Where a height stands: evenly, as people see the rungs, not in proportion to the lines.
_LEVELS = ((180, 1, "流畅 Smooth"), (360, 2, "清晰 Clear"), (720, 3, "高清 HD"))


def draw(
    trace: Trace,
    figures: Mapping[str, Any],
    frames: Sequence[Frame],
    samples: Sequence[Mapping[str, Any]],
    report: Mapping[str, Any],
    beside: Sequence[Frame] | None = None,
) -> str:
    """Return the picture of a run as SVG; with the frames of another run its stalls stand below."""
    seconds = float(figures["seconds"])
    arrived = [second["delivered"] * 8 / 1e3 for second in report["down"]["seconds"][: int(seconds)]]
    parts = [
        *_heading(figures),
        *_outages(trace, seconds, 2 if beside is None else 3),
        *_rates(trace, arrived, seconds),
        *_lines(frames, seconds),
        *_strips(frames, samples, seconds),
        *(_beside(beside, seconds) if beside is not None else ()),
        *_time_axis(seconds, 2 if beside is None else 3),
    ]
    height = HEIGHT + (STRIP_STEP if beside is not None else 0)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="{FONT}" font-size="14"'
        f' fill="{INK}" style="font-variant-numeric: tabular-nums" role="img"'
        f' aria-label="{escape(_summary(figures))}"><rect width="{WIDTH}" height="{height}" fill="{GROUND}"/>'
    )
    return "\n".join([head, *parts, "</svg>", ""])


def _summary(figures: Mapping[str, Any]) -> str:
    return (
        f"{figures['trace']}: video stall {figures['video_stall_pct']} %, audio stall {figures['audio_stall_pct']} %,"
        f" {figures['mean_height']} lines on average"
    )


def _x(t_s: float, seconds: float) -> float:
    return LEFT + PLOT * min(max(t_s / seconds, 0.0), 1.0)


def _text(x: float, y: float, text: str, **style: object) -> str:
    given = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in style.items())
    return f'<text x="{x:.1f}" y="{y:.1f}"{given}>{escape(text)}</text>'


def _rect(x0: float, y: float, x1: float, height: float, fill: str, extra: str = "") -> str:
    return (
        f'<rect x="{x0:.1f}" y="{y:.1f}" width="{max(x1 - x0, 0.8):.1f}" height="{height:.1f}" fill="{fill}"{extra}/>'
    )


def _heading(figures: Mapping[str, Any]) -> list[str]:
    way = "固定码率 fixed rate" if figures["baseline"] else "自适应 adaptive"
    parts = [
        _text(28, 40, "一条弱网络上的一节课", font_size=24, font_weight=600),
        _text(28, 64, f"A lesson over a weak link · {figures['trace']} · {way}", fill=INK_2),
    ]
    facts = (
        ("画面停顿 picture stalls", f"{figures['video_stall_pct']:g} %"),
        ("声音中断 sound lost", f"{figures['audio_stall_pct']:g} %"),
        ("平均画面 lines on average", f"{figures['mean_height']}"),
    )
    for index, (label, value) in enumerate(facts):
        x = WIDTH - RIGHT - 190 * (len(facts) - 1 - index)
        parts.append(_text(x, 40, value, font_size=24, font_weight=600, text_anchor="end", fill=ACCENT))
        parts.append(_text(x, 64, label, font_size=13, text_anchor="end", fill=INK_2))
    return parts


def _outages(trace: Trace, seconds: float, strips: int) -> list[str]:
    parts = []
    bottom = STRIP_TOP + strips * STRIP_STEP - (STRIP_STEP - STRIP_HEIGHT)
    for begin, end in trace.outages(seconds):
        x0, x1 = _x(begin, seconds), _x(end, seconds)
        parts.append(_rect(x0, RATE_TOP, x1, bottom - RATE_TOP, SUNKEN))
        if x1 - x0 > 8:
            label = f"断网 {end - begin:g} s"
            parts.append(_text((x0 + x1) / 2, RATE_TOP - 8, label, font_size=12, text_anchor="middle", fill=INK_2))
    return parts


def _rates(trace: Trace, arrived: Sequence[float], seconds: float) -> list[str]:
    top = _round_up(max(max(arrived, default=0.0) * 1.3, 100.0))
    bottom = RATE_TOP + RATE_HEIGHT

    def y(kbps: float) -> float:
        return bottom - RATE_HEIGHT * min(kbps / top, 1.0)

    parts = _axis_title(RATE_TOP, "带宽", "kbit/s")
    for share in (0.0, 0.5, 1.0):
        level = y(top * share)
        parts.append(f'<path d="M{LEFT} {level:.1f}H{WIDTH - RIGHT}" stroke="{LINE}" stroke-width="1"/>')
        parts.append(_text(LEFT - 10, level + 5, f"{top * share:g}", text_anchor="end", fill=INK_2, font_size=12))
    step = 0.5 if trace.down.states[0].rate_bps and len(trace.down.times) > 50 else 0.1
    times = [index * step for index in range(int(seconds / step))]
    carries = [(t, trace.down.bits(t, t + step) / step / 1e3) for t in times]
    area = _steps([(t, kbps) for t, kbps in carries], seconds, y)
    parts.append(f'<path d="{area}V{bottom}H{LEFT}Z" fill="{ACCENT_SOFT}"/>')
    line = _steps([(float(t), kbps) for t, kbps in enumerate(arrived)], seconds, y)
    parts.append(f'<path d="{line}" fill="none" stroke="{ACCENT}" stroke-width="1.8"/>')
    parts.append(_rect(LEFT, bottom + 12, LEFT + 14, 10, ACCENT_SOFT))
    parts.append(_text(LEFT + 20, bottom + 22, "网络能传的 what the link carries", font_size=12, fill=INK_2))
    parts.append(f'<path d="M{LEFT + 250} {bottom + 17}h16" stroke="{ACCENT}" stroke-width="2"/>')
    parts.append(_text(LEFT + 272, bottom + 22, "送达教室的 what arrived in class", font_size=12, fill=INK_2))
    return parts


def _round_up(kbps: float) -> float:
    return next(
        step for step in (100, 200, 400, 600, 1000, 1500, 2000, 3000, 5000, 10_000, 20_000, 1e9) if step >= kbps
    )


def _steps(points: Sequence[tuple[float, float]], seconds: float, y: Any) -> str:
    path = []
    for index, (t, value) in enumerate(points):
        path.append(f"{'M' if index == 0 else 'H'}{_x(t, seconds):.1f}{' ' if index == 0 else 'V'}{y(value):.1f}")
    return "".join(path) + f"H{_x(seconds, seconds):.1f}" if path else f"M{LEFT} {y(0.0):.1f}"


def _lines(frames: Sequence[Frame], seconds: float) -> list[str]:
    bottom = LINES_TOP + LINES_HEIGHT
    parts = _axis_title(LINES_TOP, "画面", "lines")
    for lines, level, name in _LEVELS:
        y = bottom - LINES_HEIGHT * level / 3
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="{LINE}" stroke-width="1"/>')
        parts.append(_text(LEFT - 10, y + 5, f"{lines}", text_anchor="end", fill=INK_2, font_size=12))
        parts.append(_text(LEFT + 6, y + 14, name, font_size=11, fill=INK_2))
    parts.append(f'<path d="M{LEFT} {bottom}H{WIDTH - RIGHT}" stroke="{LINE}" stroke-width="1"/>')
    for begin, end, height in _held(frames, seconds):
        y = bottom - LINES_HEIGHT * _level(height) / 3
        parts.append(_rect(_x(begin, seconds), y, _x(end, seconds), bottom - y, ACCENT, ' fill-opacity="0.16"'))
        parts.append(
            f'<path d="M{_x(begin, seconds):.1f} {y:.1f}H{_x(end, seconds):.1f}" stroke="{ACCENT}" stroke-width="2.4"/>'
        )
    return parts


def _level(height: int) -> float:
    """Return where so many lines stand between the rungs, 0..3."""
    below = (0, 0.0)
    for lines, level, _ in _LEVELS:
        if height <= lines:
            return below[1] + (height - below[0]) / (lines - below[0]) * (level - below[1])
        below = (lines, float(level))
    return 3.0


def _held(frames: Sequence[Frame], seconds: float) -> list[tuple[float, float, int]]:
    """Return `(begin, end, lines)` of each time in which pictures of one height came without a hole of 1 s."""
    found: list[tuple[float, float, int]] = []
    for frame, following in itertools.pairwise([*frames, Frame(seconds, 0, None)]):
        ends = min(following.t, frame.t + GONE_S)
        if found and found[-1][2] == frame.height and frame.t - found[-1][1] < 1e-6:
            found[-1] = (found[-1][0], ends, frame.height)
        else:
            found.append((frame.t, ends, frame.height))
    return found


def _strips(frames: Sequence[Frame], samples: Sequence[Mapping[str, Any]], seconds: float) -> list[str]:
    second_top = STRIP_TOP + STRIP_STEP
    parts = [*_strip(STRIP_TOP, "画面停顿", "picture stalls"), *_strip(second_top, "声音中断", "sound lost")]
    for stall in stalls(frames, seconds):
        parts.append(_rect(_x(stall.begin, seconds), STRIP_TOP, _x(stall.end, seconds), STRIP_HEIGHT, BAD))
    for begin, end, share in concealment(samples):
        if share > 0.005 and end <= seconds + 1:
            height = max(STRIP_HEIGHT * min(share, 1.0), 1.5)
            parts.append(_rect(_x(begin, seconds), second_top + STRIP_HEIGHT - height, _x(end, seconds), height, WARN))
    return parts


def _beside(frames: Sequence[Frame], seconds: float) -> list[str]:
    top = STRIP_TOP + 2 * STRIP_STEP
    parts = _strip(top, "固定码率停顿", "at a fixed rate")
    for stall in stalls(frames, seconds):
        parts.append(_rect(_x(stall.begin, seconds), top, _x(stall.end, seconds), STRIP_HEIGHT, BAD))
    return parts


def _strip(top: float, zh: str, english: str) -> list[str]:
    return [
        _rect(LEFT, top, WIDTH - RIGHT, STRIP_HEIGHT, "none", f' stroke="{LINE}"'),
        _text(LEFT - 10, top + 9, zh, text_anchor="end", font_size=12),
        _text(LEFT - 10, top + 22, english, text_anchor="end", font_size=11, fill=INK_2),
    ]


def _axis_title(top: float, zh: str, english: str) -> list[str]:
    return [_text(28, top + 12, zh, font_weight=600), _text(28, top + 30, english, font_size=12, fill=INK_2)]


def _time_axis(seconds: float, strips: int) -> list[str]:
    step = next(step for step in (5, 10, 20, 30, 60, 120, 600) if seconds / step <= 12)
    y = STRIP_TOP + strips * STRIP_STEP + 8
    marks = range(0, int(seconds) + 1, step)
    parts = [_text(_x(t, seconds), y, f"{t}", text_anchor="middle", font_size=12, fill=INK_2) for t in marks]
    return [*parts, _text(28, y, "秒 s", font_size=12, fill=INK_2)]
