"""The converting process: `python -m server.lessons.decks.convert ORDER`. Reads files, writes pages, says what it does.

It is started by `process.py` inside `sandbox.py`'s limits; it has no database, no network and no secrets, and whatever
a hostile file makes it do ends with it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path, PurePosixPath

import msgspec
from PIL import Image

from server.lessons.decks import encode, pdf, photographs, wire
from server.lessons.decks.kinds import kind_of, require_pages
from server.lessons.decks.model import Remark
from server.lessons.decks.refusal import Unconvertible

# Pictures were judged by their headers; this is Pillow's own last line, of twice the largest allowed.
Image.MAX_IMAGE_PIXELS = 64_000_000


class Order(msgspec.Struct, frozen=True):
    """What to convert: files with their names, the first page that is wanted, and where pages go."""

    files: tuple[tuple[str, str], ...]  # (name, path)
    folder: str
    first: int = 1
    pdf: str = ""  # what LibreOffice made of an office file
    remarks: tuple[Remark, ...] = ()  # of that file


class Drawn(msgspec.Struct, frozen=True):
    """A page before it is encoded."""

    at: Callable[[int], Image.Image]  # with a longer side of so many px
    title: str
    text: str


def say(said: wire.Said) -> None:
    """Say one thing."""
    sys.stdout.buffer.write(wire.encode(said) + b"\n")
    sys.stdout.buffer.flush()


def convert(order: Order) -> None:
    """Carry the order out.

    Raises:
        Unconvertible: the file, or a page, cannot be converted.
    """
    name, path = order.files[0][0], Path(order.files[0][1])
    if order.pdf:
        _document(order, name, Path(order.pdf), order.remarks)
        return
    kind, remarks = kind_of(path, name)
    if len(order.files) > 1:
        _several(order)
    elif kind == "office":
        say(wire.NeedsOffice(PurePosixPath(name).suffix.lower(), remarks))
    elif kind == "pdf":
        _document(order, name, path, ())
    elif kind == "zip":
        _pictures(order, photographs.in_archive(path, name))
    else:
        _pictures(order, (photographs.Photograph(name, path),))


def _several(order: Order) -> None:
    require_pages(len(order.files), f"{order.files[0][0]}…")
    for page, (name, file) in enumerate(order.files, 1):
        try:
            kind, _ = kind_of(Path(file), name)
        except Unconvertible as error:
            raise Unconvertible(error.reason, page) from error
        if kind != "picture":
            raise Unconvertible(f"“{name}”不是图片。一次选几个文件时只能全是图片；PDF 和 PPT 请单独上传。", page)
    _pictures(order, tuple(photographs.Photograph(name, Path(file)) for name, file in order.files))


def _document(order: Order, name: str, path: Path, remarks: tuple[Remark, ...]) -> None:
    with ExitStack() as stack:
        document = stack.enter_context(pdf.opened(path, name))
        outline = pdf.outline_of(document)
        say(wire.Plan(len(document), outline, remarks or pdf.remarks_of(document, path)))
        chapters = {heading.page: heading.title for heading in reversed(outline)}

        def drawn() -> Iterator[Drawn]:
            for page in range(order.first, len(document) + 1):
                say(wire.Begun(page))
                title, text = pdf.read(document, page)
                yield Drawn(partial(pdf.draw, document, page), chapters.get(page, title), text)

        _write(order, drawn())


def _pictures(order: Order, pictures: tuple[photographs.Photograph, ...]) -> None:
    say(wire.Plan(len(pictures)))

    def drawn() -> Iterator[Drawn]:
        for page, picture in enumerate(pictures[order.first - 1 :], order.first):
            say(wire.Begun(page))
            decoded = photographs.decode(picture, page)
            yield Drawn(partial(encode.fitted, decoded), photographs.page_title(picture.name), "")

    _write(order, drawn())


def _write(order: Order, pages: Iterator[Drawn]) -> None:
    folder = Path(order.folder)
    for page, drawn in enumerate(pages, order.first):
        files, ratio = [], 1.0
        for wanted, data, ratio in encode.renditions(drawn.at):
            if not 1 / pdf.MAX_RATIO <= ratio <= pdf.MAX_RATIO:
                raise Unconvertible("这一页太窄长，放不到屏幕上。请裁成普通的页面大小。", page)
            name = f"{page}-{wanted}.webp"
            (folder / name).write_bytes(data)
            files.append(wire.MadeFile(wanted, name))
        say(wire.Made(page, drawn.title, drawn.text, ratio, tuple(files)))
    say(wire.Finished())


def main() -> None:
    """Carry out the order on the command line."""
    order = msgspec.json.decode(sys.argv[1], type=Order)
    try:
        convert(order)
    except Unconvertible as error:
        say(wire.Failed(error.reason, error.page))


if __name__ == "__main__":
    main()
