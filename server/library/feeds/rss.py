"""RSS 2.0 with enclosures (https://www.rssboard.org/rss-specification): lessons for podcast players. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import NamedTuple
from xml.etree import ElementTree

_ATOM, _ITUNES = "http://www.w3.org/2005/Atom", "http://www.itunes.com/dtds/podcast-1.0.dtd"
for _prefix, _uri in (("atom", _ATOM), ("itunes", _ITUNES)):
    ElementTree.register_namespace(_prefix, _uri)


class Item(NamedTuple):
    """A lesson in the feed."""

    title: str
    description: str
    link: str
    guid: str
    category: str
    author: str
    published_ms: int
    duration_ms: int
    url: str  # of the enclosure
    mime: str
    bytes: int


def feed(title: str, description: str, site: str, own: str, items: Sequence[Item], language: str = "zh-cn") -> bytes:
    """Return the feed. `site` and `own` are the addresses of the site and of the feed itself."""
    root = ElementTree.Element("rss", {"version": "2.0"})
    channel = ElementTree.SubElement(root, "channel")
    for tag, text in (("title", title), ("link", site), ("description", description), ("language", language)):
        ElementTree.SubElement(channel, tag).text = clean(text)
    ElementTree.SubElement(channel, f"{{{_ATOM}}}link", {"href": own, "rel": "self", "type": "application/rss+xml"})
    if items:
        ElementTree.SubElement(channel, "lastBuildDate").text = _date(max(one.published_ms for one in items))
    for one in items:
        _add(channel, one)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def _add(channel: ElementTree.Element, one: Item) -> None:
    item = ElementTree.SubElement(channel, "item")
    for tag, text in (
        ("title", one.title),
        ("link", one.link),
        ("description", one.description),
        ("category", one.category),
        ("pubDate", _date(one.published_ms)),
        (f"{{{_ITUNES}}}author", one.author),
        (f"{{{_ITUNES}}}duration", str(one.duration_ms // 1000)),
    ):
        if text:
            ElementTree.SubElement(item, tag).text = clean(text)
    ElementTree.SubElement(item, "guid", {"isPermaLink": "false"}).text = one.guid
    ElementTree.SubElement(item, "enclosure", {"url": one.url, "length": str(one.bytes), "type": one.mime})


def clean(text: str) -> str:
    """Return `text` without the characters that XML 1.0 cannot hold."""
    return "".join(one for one in text if one >= " " or one in "\t\n\r")


def _date(epoch_ms: int) -> str:
    return format_datetime(datetime.fromtimestamp(epoch_ms // 1000, UTC), usegmt=True)
