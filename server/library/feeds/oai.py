"""OAI-PMH 2.0 (https://www.openarchives.org/OAI/openarchivesprotocol.html): requests and answers. Pure.

The section of the protocol is named where a rule is not obvious. Lists are in pieces of `PAGE`; a resumption token says
where the next piece begins and with which arguments it was asked for, so that the server keeps nothing and tokens never
expire. There are no sets (§4.6).
"""

from __future__ import annotations

import binascii
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple
from xml.etree import ElementTree

import msgspec

PAGE = 100  # records an answer: some 150 kB
PREFIX = "oai_dc"
OAI = "http://www.openarchives.org/OAI/2.0/"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_SCHEMA = f"{OAI} http://www.openarchives.org/OAI/2.0/OAI-PMH.xsd"
_DC = "http://www.openarchives.org/OAI/2.0/oai_dc/"
for _prefix, _uri in (("", OAI), ("oai_dc", _DC), ("dc", "http://purl.org/dc/elements/1.1/"), ("xsi", _XSI)):
    ElementTree.register_namespace(_prefix, _uri)

Verb = Literal["Identify", "ListMetadataFormats", "ListSets", "ListIdentifiers", "ListRecords", "GetRecord"]
Code = Literal[
    "badVerb", "badArgument", "badResumptionToken", "cannotDisseminateFormat", "idDoesNotExist", "noRecordsMatch",
    "noMetadataFormats", "noSetHierarchy",
]  # fmt: skip
# Arguments of each verb: required, optional. `resumptionToken` stands alone (§3.5).
_ARGUMENTS: dict[Verb, tuple[frozenset[str], frozenset[str]]] = {
    "Identify": (frozenset(), frozenset()),
    "ListMetadataFormats": (frozenset(), frozenset({"identifier"})),
    "ListSets": (frozenset(), frozenset()),
    "ListIdentifiers": (frozenset({"metadataPrefix"}), frozenset({"from", "until", "set"})),
    "ListRecords": (frozenset({"metadataPrefix"}), frozenset({"from", "until", "set"})),
    "GetRecord": (frozenset({"identifier", "metadataPrefix"}), frozenset()),
}
_RESUMABLE = frozenset({"ListIdentifiers", "ListRecords", "ListSets"})
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_MAX_TOKEN = 400  # characters: ours have about 120


class OaiError(Exception):
    """The request cannot be answered; the protocol's code and why."""

    def __init__(self, code: Code, why: str, query: Query | None = None) -> None:
        super().__init__(why)
        self.code = code
        self.query = query


class Place(msgspec.Struct, frozen=True, array_like=True):
    """Where in a list a piece ends: after this record. `from_s`, `until_s`: UTC epoch seconds, both included."""

    from_s: int | None
    until_s: int | None
    stamp_s: int
    id: str
    done: int  # records in the pieces before


class Query(msgspec.Struct, frozen=True):
    """A request that keeps the rules."""

    verb: Verb
    arguments: dict[str, str]
    from_s: int | None = None
    until_s: int | None = None
    after: Place | None = None


class Record(NamedTuple):
    """A record, or that there was one: then without metadata."""

    identifier: str
    stamp_s: int
    metadata: ElementTree.Element | None


def parse(pairs: Sequence[tuple[str, str]]) -> Query:
    """Return the request that these arguments make.

    Raises:
        OaiError: they break a rule.
    """
    arguments = dict(pairs)
    verb = next((one for one in _ARGUMENTS if one == arguments.get("verb")), None)
    if verb is None or sum(1 for name, _ in pairs if name == "verb") != 1:
        raise OaiError("badVerb", "The verb is missing, repeated or unknown.")
    if len(pairs) != len(arguments):
        raise OaiError("badArgument", "An argument is repeated.")
    if any(not one.isprintable() for pair in pairs for one in pair):
        raise OaiError("badArgument", "An argument has characters that XML cannot hold.")
    given = arguments.keys() - {"verb"}
    if "resumptionToken" in given and verb in _RESUMABLE:
        if given != {"resumptionToken"}:
            raise OaiError("badArgument", "resumptionToken is an exclusive argument.")
        return _resumed(verb, arguments)
    required, optional = _ARGUMENTS[verb]
    if wrong := (given - required - optional) | (required - given):
        raise OaiError("badArgument", f"These arguments are missing or not of {verb}: {', '.join(sorted(wrong))}.")
    from_s, until_s = _span(arguments)
    query = Query(verb, arguments, from_s, until_s)
    if verb == "ListSets" or "set" in given:
        raise OaiError("noSetHierarchy", "There are no sets.", query)
    if "metadataPrefix" in given and arguments["metadataPrefix"] != PREFIX:
        raise OaiError("cannotDisseminateFormat", f"Records are in {PREFIX} only.", query)
    return query


def _resumed(verb: Verb, arguments: dict[str, str]) -> Query:
    if verb == "ListSets":
        raise OaiError("badResumptionToken", "There are no sets, so there is nothing to resume.")
    text = arguments["resumptionToken"]
    try:
        if len(text) > _MAX_TOKEN:
            raise ValueError
        place = msgspec.json.decode(urlsafe_b64decode(text.encode("ascii")), type=Place)
    except (msgspec.DecodeError, binascii.Error, ValueError) as error:
        raise OaiError("badResumptionToken", "This token is none of ours.") from error
    return Query(verb, arguments, place.from_s, place.until_s, place)


def token(query: Query, last: Record, done: int) -> str:
    """Return the token of what comes after `last`, when `done` records were given so far."""
    place = Place(query.from_s, query.until_s, last.stamp_s, last.identifier, done)
    return urlsafe_b64encode(msgspec.json.encode(place)).decode()


def _span(arguments: dict[str, str]) -> tuple[int | None, int | None]:
    texts = [arguments[name] for name in ("from", "until") if name in arguments]
    if len({_DAY.fullmatch(text) is None for text in texts}) > 1:
        raise OaiError("badArgument", "from and until have different granularities.")
    from_s = _moment(arguments["from"], timedelta()) if "from" in arguments else None
    # A day as `until` is meant whole (§2.7.1).
    until_s = _moment(arguments["until"], timedelta(days=1, seconds=-1)) if "until" in arguments else None
    if from_s is not None and until_s is not None and from_s > until_s:
        raise OaiError("badArgument", "from is later than until.")
    return from_s, until_s


def _moment(text: str, day: timedelta) -> int:
    try:
        if _DAY.fullmatch(text):
            return int((datetime.fromisoformat(f"{text}T00:00:00+00:00") + day).timestamp())
        if _MOMENT.fullmatch(text):
            return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp())
    except (ValueError, OverflowError):
        pass
    raise OaiError("badArgument", f"{text[:40]} is no UTC date of the form YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ.")


# --- answers ------------------------------------------------------------------------------------------------------


def stamp(epoch_s: int) -> str:
    """Return a moment as the protocol writes it."""
    return datetime.fromtimestamp(epoch_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def envelope(base: str, now_s: int, query: Query | None) -> ElementTree.Element:
    """Return the root of an answer; without the arguments when they made no sense (§3.2)."""
    root = ElementTree.Element(_tag("OAI-PMH"), {f"{{{_XSI}}}schemaLocation": _SCHEMA})
    _add(root, "responseDate", stamp(now_s))
    request = _add(root, "request", base)
    if query is not None:
        request.attrib.update(query.arguments)
    return root


def refused(base: str, now_s: int, error: OaiError) -> bytes:
    """Return the answer to a request that cannot be answered."""
    is_understood = error.code not in ("badVerb", "badArgument")
    root = envelope(base, now_s, error.query if is_understood else None)
    _add(root, "error", str(error)).set("code", error.code)
    return text_of(root)


def identify(base: str, now_s: int, query: Query, name: str, mail: str, earliest_s: int) -> bytes:
    """Return who answers here (§4.2)."""
    root = envelope(base, now_s, query)
    about = _add(root, "Identify")
    for tag, value in (
        ("repositoryName", name),
        ("baseURL", base),
        ("protocolVersion", "2.0"),
        ("adminEmail", mail),
        ("earliestDatestamp", stamp(earliest_s)),
        ("deletedRecord", "persistent"),
        ("granularity", "YYYY-MM-DDThh:mm:ssZ"),
    ):
        _add(about, tag, value)
    return text_of(root)


def formats(base: str, now_s: int, query: Query) -> bytes:
    """Return in which formats records are given."""
    root = envelope(base, now_s, query)
    one = _add(_add(root, "ListMetadataFormats"), "metadataFormat")
    _add(one, "metadataPrefix", PREFIX)
    _add(one, "schema", f"{OAI}oai_dc.xsd")
    _add(one, "metadataNamespace", _DC)
    return text_of(root)


def record(base: str, now_s: int, query: Query, one: Record) -> bytes:
    """Return one record."""
    root = envelope(base, now_s, query)
    _add_record(_add(root, "GetRecord"), one)
    return text_of(root)


def listing(base: str, now_s: int, query: Query, records: Sequence[Record], total: int, *, is_last: bool) -> bytes:
    """Return a piece of a list; an empty token ends a list that had several (§3.5)."""
    root = envelope(base, now_s, query)
    listed = _add(root, query.verb)
    for one in records:
        if query.verb == "ListRecords":
            _add_record(listed, one)
        else:
            _add_header(listed, one)
    before = query.after.done if query.after is not None else 0
    if not is_last or before:
        mark = _add(listed, "resumptionToken", "" if is_last else token(query, records[-1], before + len(records)))
        mark.attrib.update({"completeListSize": str(total), "cursor": str(before)})
    return text_of(root)


def _add_record(parent: ElementTree.Element, one: Record) -> None:
    found = _add(parent, "record")
    _add_header(found, one)
    if one.metadata is not None:
        _add(found, "metadata").append(one.metadata)


def _add_header(parent: ElementTree.Element, one: Record) -> None:
    header = _add(parent, "header")
    if one.metadata is None:
        header.set("status", "deleted")
    _add(header, "identifier", one.identifier)
    _add(header, "datestamp", stamp(one.stamp_s))


def _tag(name: str) -> str:
    return f"{{{OAI}}}{name}"


def _add(parent: ElementTree.Element, name: str, text: str | None = None) -> ElementTree.Element:
    child = ElementTree.SubElement(parent, _tag(name))
    child.text = text
    return child


def text_of(root: ElementTree.Element) -> bytes:
    """Return the document."""
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))
