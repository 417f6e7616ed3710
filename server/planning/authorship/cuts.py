"""What was deleted from a plan not long ago, and could come back."""

from __future__ import annotations

from server.planning.authorship.matching import GONE, MIN_MOVED, Cut

# Twice the largest plan that is to stay quick (25,000 characters): everything can be cut, and cut again.
MAX_CUT_CHARACTERS = 50_000
MAX_CUT_STEPS = 20_000  # an hour of five people who type all the time
MAX_CUTS = 1_000  # deletions; what one person deletes in a row is one
_PLACED = 64  # newest deletions whose places are followed through later edits: two a person of a full plan
_JOINED = 10  # characters that are deleted at once by a key that is held down, or an input method; a cut has more


class Cuts:
    """The latest deletions, within bounds: by characters, by number and by steps since; the oldest goes first."""

    def __init__(self) -> None:
        self.kept: list[Cut] = []  # oldest first

    def add(self, cut: Cut) -> None:
        """Keep a deletion."""
        self.kept.append(cut)

    def newest_first(self) -> list[Cut]:
        """Return all deletions in the order in which text is looked for."""
        return self.kept[::-1]

    def put_back(self, fresh: str, begin: int, by: str) -> str | None:
        """Return the authors of a deletion that is undone: all of it anywhere, or of its own hand a part in its place.

        Call it after `follow`, which has moved what was deleted here behind what appeared.
        """
        size = len(fresh)
        for cut in reversed(self.kept[-_PLACED:]):
            if cut.text == fresh and size >= MIN_MOVED:
                cut.text, authors = "", cut.authors
                return authors
            if cut.by != by or (cut.at != begin + size and not (cut.text == fresh and size > 1)):
                continue
            if cut.text.startswith(fresh):
                cut.text, authors, cut.authors = cut.text[size:], cut.authors[:size], cut.authors[size:]
                return authors
            if cut.text.endswith(fresh):
                cut.text, authors, cut.authors = cut.text[:-size], cut.authors[-size:], cut.authors[:-size]
                cut.at = begin
                return authors
        return None

    def join(self, removed: Cut) -> bool:
        """Add to the last deletion of the same person what was deleted beside it, as by a key that is held down."""
        last = next((cut for cut in reversed(self.kept[-_PLACED:]) if cut.by == removed.by), None)
        if last is None or GONE in last.text or not last.text or len(removed.text) >= _JOINED:
            return False
        if removed.at + len(removed.text) == last.at:  # backwards
            last.text, last.authors = removed.text + last.text, removed.authors + last.authors
        elif removed.at == last.at:
            last.text, last.authors = last.text + removed.text, last.authors + removed.authors
        else:
            return False
        return True

    def follow(self, begin: int, removed: int, fresh: int) -> None:
        """Let the places of deletions follow an edit."""
        for cut in self.kept[-_PLACED:]:
            if cut.at >= begin + removed:
                cut.at += fresh - removed
            elif cut.at > begin:
                cut.at = -1

    def forget(self, step: int) -> None:
        """Keep what was deleted within its bounds; the oldest goes first."""
        self.kept = [cut for cut in self.kept if cut.text]
        size, kept = 0, 0
        for cut in reversed(self.kept):
            size += len(cut.text)
            if size > MAX_CUT_CHARACTERS or kept >= MAX_CUTS or step - cut.born > MAX_CUT_STEPS:
                break
            kept += 1
        self.kept = self.kept[len(self.kept) - kept :]
