"""From text to what is kept in the index, and from what people type to what is looked for there. Pure.

Theory of operation. Chinese is written without spaces and most of its words have two characters, so that a run of
Chinese characters is kept as its overlapping pairs and its last character: 光的折射 as 光的 的折 折射 射. A query of
two characters and more is the phrase of its pairs, which finds exactly what a search for the substring would; a single
character is looked for as the beginning of a pair, and every character begins one. No dictionary takes part: it would
miss the local words that schools write about (唐卡, 社火).

What other scripts write with spaces or signs between words is kept by words: Latin, Cyrillic, Uyghur, Mongolian; a
Tibetan syllable is a word, with its vowel signs. They are found from their beginning.

`VERSION` is kept with the index: when what `tokens` returns changes, raise it, and every server makes its index anew.
"""

from __future__ import annotations

import re
import unicodedata

import msgspec

VERSION = 1
MAX_QUERY = 80  # characters: what a title may have
MAX_WORDS = 8  # of a query, between spaces

# Written without spaces: Chinese characters with their extensions, Kana, Hangul, Yi, and the marks 々 and 〇.
_DENSE = (
    "\u3005-\u3007\u3041-\u3096\u30a1-\u30fa\u30fc-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\ua000-\ua48c\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff"
)
# Vowel signs are marks, no word characters to `re`; a Tibetan syllable without them is another one. Blocks with any.
_MARKS = "".join(
    chr(code)
    for code in (*range(0x300, 0x2100), *range(0xA600, 0xAC00), *range(0xFE00, 0xFE30))
    if unicodedata.category(chr(code)) in ("Mn", "Mc")
)
_RUN = re.compile(rf"[{_DENSE}]+|(?:(?![{_DENSE}_])[\w{_MARKS}])+")
_IS_DENSE = re.compile(rf"[{_DENSE}]")
# Full-width letters and digits (U+FF01 to U+FF5E) are the ASCII ones, one to one, so that places stay places.
_NARROW = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}


class Term(msgspec.Struct, frozen=True):
    """One word of a query: all of its tokens in a row, the last one perhaps only begun."""

    text: str  # folded, as it was typed
    tokens: tuple[str, ...]
    is_begun: bool


def shown(text: str) -> str:
    """Return the text as it is kept and shown: composed, without NUL, lines stripped of outer space."""
    composed = unicodedata.normalize("NFC", text.replace("\0", ""))
    return "\n".join(line.strip() for line in composed.splitlines() if line.strip())


def fold(text: str) -> str:
    """Return the text with what does not matter to a search levelled out, character for character."""
    narrow = text.translate(_NARROW)
    lowered = narrow.lower()
    return lowered if len(lowered) == len(narrow) else "".join(_lower(one) for one in narrow)


def _lower(character: str) -> str:
    lowered = character.lower()
    return lowered if len(lowered) == 1 else character


def tokens(folded: str) -> list[str]:
    """Return what is kept of a folded text, in order."""
    found: list[str] = []
    for run in _RUN.findall(folded):
        if _IS_DENSE.match(run):
            found += map(str.__add__, run, run[1:])
            found.append(run[-1])
        else:
            found.append(run)
    return found


def query(typed: str) -> tuple[Term, ...]:
    """Return the words of a query, each of which has to be found; none when there is nothing to look for."""
    found: list[Term] = []
    for word in fold(shown(typed[:MAX_QUERY])).split()[:MAX_WORDS]:
        parts = list(_RUN.finditer(word))
        if not parts:
            continue
        word = word[parts[0].start() : parts[-1].end()]
        kept, last = tokens(word), parts[-1].group()
        is_begun = len(last) == 1 or not _IS_DENSE.match(last)
        # The last character alone would ask for the end of a run; its pair says all.
        found.append(Term(word, tuple(kept if is_begun else kept[:-1]), is_begun))
    return tuple(dict.fromkeys(found))
