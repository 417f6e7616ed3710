"""The values of answers: how each kind of question is answered, and which two answers are the same. Pure functions."""

from __future__ import annotations

import re
import unicodedata

from signaling import questions as q
from signaling.errors import Refused
from signaling.text import clean_text

LETTERS = "ABCDEF"
WRITTEN_KINDS = frozenset({"number", "text"})
PHOTO = re.compile(r"[0-9a-f]{32}")  # the first half of the SHA-256 of the picture
_NUMBER = re.compile(r"(-?)0*(\d{1,12})(?:\.(\d{1,6}))?")


def option_letters(question: q.Question) -> str:
    """Return the letters that answers of this question have; empty: it has no options."""
    if question.kind == "true_false":
        return LETTERS[:2]
    return LETTERS[: len(question.options)] if question.kind in ("single", "multiple") else ""


def clean_value(question: q.Question, value: str) -> str:
    """Return `value` as it is kept: letters in order, a number without idle zeros, a text on one line; "" stays "".

    Raises:
        Refused: `answer_invalid` or `text_too_long`.
    """
    value = clean_text(unicodedata.normalize("NFKC", value[: q.MAX_TEXT_ANSWER * 4]))
    if value == "":
        return ""
    if question.kind == "text":
        if len(value) > q.MAX_TEXT_ANSWER:
            raise Refused("text_too_long", f"文字太长，最多 {q.MAX_TEXT_ANSWER} 个字。")
        return value
    if question.kind == "number":
        return _number(value)
    if question.kind == "photo":
        if PHOTO.fullmatch(value) is None:
            raise Refused("answer_invalid", "这道题要交照片，请重新拍一张。")
        return value
    letters = "".join(sorted(set(value.upper())))
    most = len(letters) if question.kind == "multiple" else 1
    if not set(letters) <= set(option_letters(question)) or len(letters) != most:
        raise Refused("answer_invalid", "这不是这道题的选项。")
    return letters


def is_same_answer(value: str, answer: str) -> bool:
    """Return whether two written answers are the same but for capital letters; both as `clean_value` returns them."""
    return value.casefold() == answer.casefold()


def _number(value: str) -> str:
    found = _NUMBER.fullmatch(value.replace("−", "-"))
    if found is None:
        raise Refused("answer_invalid", "这道题的答案是数，例如 12 或 3.5。")
    sign, whole, part = found.group(1), found.group(2).lstrip("0") or "0", (found.group(3) or "").rstrip("0")
    number = f"{whole}.{part}" if part else whole
    return number if number == "0" else sign + number
