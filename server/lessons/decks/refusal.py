"""Why a file cannot become a deck: raised in the converting process, told to the deck's owner."""

from __future__ import annotations


class Unconvertible(Exception):
    """The file, or one page of it, cannot be converted; `reason` says in Chinese what is and what to do."""

    def __init__(self, reason: str, page: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.page = page
