"""Read the text of pages that are pictures, with RapidOCR: PaddleOCR's models for Chinese and English in its package.

The extra `[ocr]` brings it. About 1 s a page on one processor; nothing is fetched and nothing leaves the machine.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

MOST_SIDE = 1280  # px: larger pictures take longer and are read no better
LEAST_SCORE = 0.5  # of a line's certainty, 0..1: what is below is a drawing taken for letters
SAME_LINE = 0.6  # of a line's height: pieces whose middles are closer belong to one line

Piece = tuple[float, float, float, str]  # middle, left, height, text


class SlideReader:
    """A page reader (`recorder.words`).

    Raises:
        ImportError: the extra is not installed.
    """

    def __init__(self) -> None:
        from rapidocr_onnxruntime import RapidOCR  # an extra: a server without it must start

        self._read: Any = RapidOCR(intra_op_num_threads=1, inter_op_num_threads=1)

    def read_page(self, picture: Path) -> str:
        """Return what stands on the picture of a page, a line a line, from the top."""
        found, _ = self._read(_pixels(picture))
        pieces: list[Piece] = []
        for corners, text, score in found or ():
            tops = [float(corner[1]) for corner in corners]
            if float(score) >= LEAST_SCORE and str(text).strip():
                left = min(float(corner[0]) for corner in corners)
                pieces.append(((min(tops) + max(tops)) / 2, left, max(tops) - min(tops), str(text).strip()))
        return lines_of(pieces)


def lines_of(pieces: list[Piece]) -> str:
    """Return pieces of text as lines: those at one height from left to right."""
    lines: list[list[Piece]] = []
    for piece in sorted(pieces):
        if lines and piece[0] - lines[-1][-1][0] < SAME_LINE * piece[2]:
            lines[-1].append(piece)
        else:
            lines.append([piece])
    return "\n".join(" ".join(piece[3] for piece in sorted(line, key=lambda one: one[1])) for line in lines)


def _pixels(picture: Path) -> Any:
    with Image.open(picture) as image:
        small = image.convert("RGB")
        small.thumbnail((MOST_SIDE, MOST_SIDE))
        return np.asarray(small)[:, :, ::-1]  # the models were trained on BGR
