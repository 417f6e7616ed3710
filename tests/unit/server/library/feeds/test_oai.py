from __future__ import annotations

from urllib.parse import parse_qsl
from xml.etree import ElementTree

import pytest
from hypothesis import given, strategies as st

from server.library.feeds.oai import OAI, OaiError, Place, Record, listing, parse, refused, token

LIST = "verb=ListRecords&metadataPrefix=oai_dc"


def asked(text: str) -> list[tuple[str, str]]:
    return parse_qsl(text, keep_blank_values=True)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        # §3.2 and §3.6: each condition with its code
        ("", "badVerb"),
        ("verb=Nope", "badVerb"),
        ("verb=identify", "badVerb"),
        ("verb=Identify&verb=Identify", "badVerb"),
        ("metadataPrefix=oai_dc", "badVerb"),
        ("verb=Identify&identifier=x", "badArgument"),
        ("verb=GetRecord&identifier=x", "badArgument"),
        ("verb=GetRecord&metadataPrefix=oai_dc", "badArgument"),
        ("verb=ListRecords", "badArgument"),
        (f"{LIST}&metadataPrefix=oai_dc", "badArgument"),
        (f"{LIST}&from=2026-13-01", "badArgument"),
        (f"{LIST}&from=yesterday", "badArgument"),
        (f"{LIST}&from=2026-11-22T09:00:00", "badArgument"),
        (f"{LIST}&from=2026-11-22&until=2026-11-22T09:00:00Z", "badArgument"),
        (f"{LIST}&from=2026-11-23&until=2026-11-22", "badArgument"),
        (f"{LIST}&resumptionToken=x", "badArgument"),
        ("verb=GetRecord&identifier=a%01&metadataPrefix=oai_dc", "badArgument"),
        ("verb=ListRecords&metadataPrefix=marc21", "cannotDisseminateFormat"),
        ("verb=GetRecord&identifier=x&metadataPrefix=marc21", "cannotDisseminateFormat"),
        ("verb=ListSets", "noSetHierarchy"),
        (f"{LIST}&set=science", "noSetHierarchy"),
        ("verb=ListSets&resumptionToken=x", "badResumptionToken"),
        ("verb=ListRecords&resumptionToken=x", "badResumptionToken"),
        ("verb=ListRecords&resumptionToken=", "badResumptionToken"),
        ("verb=ListRecords&resumptionToken=" + "A" * 500, "badResumptionToken"),
    ],
)
def test_a_request_that_breaks_a_rule_is_told_by_its_code(text: str, code: str) -> None:
    with pytest.raises(OaiError) as raised:
        parse(asked(text))
    assert raised.value.code == code
    root = ElementTree.fromstring(refused("https://a.cn/oai", 0, raised.value))
    error = root.find(f"{{{OAI}}}error")
    assert error is not None and error.get("code") == code
    request = root.find(f"{{{OAI}}}request")
    assert request is not None
    assert not (code in ("badVerb", "badArgument") and request.attrib), "§3.2: no attributes then"


@pytest.mark.parametrize(
    ("text", "from_s", "until_s"),
    [
        (LIST, None, None),
        (f"{LIST}&from=1970-01-02&until=1970-01-02", 86_400, 2 * 86_400 - 1),
        (f"{LIST}&from=1970-01-01T00:00:10Z", 10, None),
        (f"{LIST}&until=1970-01-01T00:00:10Z", None, 10),
    ],
)
def test_dates_are_days_or_seconds_and_include_both_ends(text: str, from_s: int | None, until_s: int | None) -> None:
    query = parse(asked(text))
    assert (query.from_s, query.until_s) == (from_s, until_s)


def test_a_token_leads_on_where_the_piece_ended() -> None:
    query = parse(asked(f"{LIST}&from=1970-01-02"))
    records = [Record(f"urn:tongtang:resource:{n}", 100_000 + n, None) for n in range(3)]
    root = ElementTree.fromstring(listing("https://a.cn/oai", 0, query, records, 5, is_last=False))
    mark = root.find(f".//{{{OAI}}}resumptionToken")
    assert mark is not None and mark.text is not None
    assert mark.attrib == {"completeListSize": "5", "cursor": "0"}
    resumed = parse([("verb", "ListRecords"), ("resumptionToken", mark.text)])
    assert resumed.after == Place(86_400, None, 100_002, "urn:tongtang:resource:2", 3)
    assert resumed.from_s == 86_400
    last = ElementTree.fromstring(listing("https://a.cn/oai", 0, resumed, records[:2], 5, is_last=True))
    end = last.find(f".//{{{OAI}}}resumptionToken")
    assert end is not None and end.text is None and end.attrib["cursor"] == "3"
    assert [one.get("status") for one in last.iter(f"{{{OAI}}}header")] == ["deleted", "deleted"]


def test_a_list_of_one_piece_has_no_token() -> None:
    query = parse(asked(LIST))
    root = ElementTree.fromstring(listing("https://a.cn/oai", 0, query, [Record("x", 0, None)], 1, is_last=True))
    assert root.find(f".//{{{OAI}}}resumptionToken") is None


@given(st.lists(st.tuples(st.text(max_size=12), st.text(max_size=30)), max_size=5), st.booleans())
def test_whatever_is_asked_the_answer_is_xml(pairs: list[tuple[str, str]], has_verb: bool) -> None:
    pairs = [("verb", "ListRecords"), *pairs] if has_verb else pairs
    try:
        query = parse(pairs)
    except OaiError as error:
        ElementTree.fromstring(refused("https://a.cn/oai", 0, error))
    else:
        assert token(query, Record("x", 1, None), 1)
