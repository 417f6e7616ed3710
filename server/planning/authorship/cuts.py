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
        """Return the authors of a whole deletion that is undone: where it was, or of two characters and more.

        Less than a run of `MIN_MOVED` comes back by the hand that deleted it: an undo is one's own.
        """
        for cut in reversed(self.kept[-_PLACED:]):
            is_here = cut.at == begin or len(fresh) > 1
            if cut.text == fresh and is_here and (cut.by == by or len(fresh) >= MIN_MOVED):
                cut.text = ""
                return cut.authors
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
