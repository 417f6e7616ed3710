"""RO-Crate and Dublin Core: what the specifications require of every crate and record."""

from __future__ import annotations

import json
from typing import Any, get_args
from xml.etree import ElementTree

import pytest

from recorder.control import Chapter
from server.library.resources.crate import LICENCE_NAMES, LICENCE_URLS, dublin_core, oai_dc, ro_crate
from server.library.resources.model import Contributor, FileEntry, Grade, Kind, Licence
from tests.unit.server.library.resources.shelf import resource

FILES = (
    FileEntry("light", "light.webm", "audio/webm", 7_000_000, "ab" * 32),
    FileEntry("01", "", "application/pdf", 9, "cd" * 32, "教案.pdf"),
)
CHAPTERS = (Chapter(0, "封面"), Chapter(184_000, "提问：叶子需要什么", "question"), Chapter(611_000, ""))


def graph_of(**changes: Any) -> dict[str, dict[str, Any]]:
    crate = ro_crate(resource(**changes), FILES, CHAPTERS, "https://tong.example/resources/res1")
    assert crate["@context"] == "https://w3id.org/ro/crate/1.1/context"
    assert json.loads(json.dumps(crate, ensure_ascii=False)) == crate
    ids = [entity["@id"] for entity in crate["@graph"]]
    assert len(ids) == len(set(ids)), "an entity stands there once"
    return {entity["@id"]: entity for entity in crate["@graph"]}


def references(value: Any) -> list[str]:
    if isinstance(value, list):
        return [found for one in value for found in references(one)]
    if isinstance(value, dict):
        return [value["@id"]] if set(value) == {"@id"} else [one for part in value.values() for one in references(part)]
    return []


def test_a_crate_has_what_the_specification_requires() -> None:
    graph = graph_of()
    descriptor = graph["ro-crate-metadata.json"]
    assert descriptor["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}
    assert descriptor["about"] == {"@id": "./"}
    root = graph["./"]
    assert "Dataset" in root["@type"]
    assert {"name", "description", "datePublished", "license"} <= root.keys()
    for entity in graph.values():
        assert "@type" in entity
        for name, value in entity.items():
            if name != "conformsTo":
                assert set(references(value)) <= set(graph), f"{entity['@id']}.{name} names what is not there"
            nested = value if isinstance(value, list) else [value]
            assert not any(isinstance(one, dict) and set(one) != {"@id"} for one in nested), "the graph is flat"
    named = {one for entity in graph.values() for one in references([*entity.values()])}
    assert set(graph) - named == {"ro-crate-metadata.json"}, "nothing stands there that nothing names"


def test_what_teachers_search_by_is_lrmi() -> None:
    graph = graph_of()
    root = graph["./"]
    assert (root["educationalLevel"], root["timeRequired"], root["inLanguage"]) == ("五年级", "PT40M", "zh-CN")
    assert (root["learningResourceType"], root["typicalAgeRange"]) == ("课堂实录", "10-11")
    assert graph["#tier"]["targetName"] == "基础性资源"
    assert graph["#subject"]["name"] == "科学"
    assert graph["#person-p-lin"]["name"] == "林晓云"
    assert graph["#share-1"]["value"] == "50"
    assert root["author"] == [{"@id": "#person-p-lin"}]
    assert root["contributor"] == [{"@id": "#person-p-yang"}]
    assert graph["light.webm"]["@type"] == ["File", "AudioObject"]
    assert graph["light.webm"]["contentSize"] == "7000000"
    assert graph["#chapter-2"] == {
        "@id": "#chapter-2",
        "@type": "Clip",
        "name": "提问：叶子需要什么",
        "startOffset": 184,
        "endOffset": 611,
    }
    assert graph["#chapter-3"]["endOffset"] == 2_400


@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_kind_and_a_resource_without_much_told_make_a_crate(kind: Kind) -> None:
    bare = (Contributor("甲", "camera", 10_000),)
    graph = graph_of(kind=kind, edition="", description="", contributors=bare, duration_ms=0, grade="不分年级")
    assert graph["./"]["description"]
    assert "isBasedOn" not in graph["./"]


def test_the_closed_lists_are_all_told() -> None:
    assert set(LICENCE_URLS) == set(LICENCE_NAMES) == set(get_args(Licence))
    for grade in get_args(Grade):
        assert graph_of(grade=grade)["./"]["typicalAgeRange"]


def test_dublin_core_has_no_empty_element_and_is_good_xml() -> None:
    elements = dublin_core(resource(description="水\x0b的<三态> & 蒸发"), FILES, "https://tong.example/resources/res1")
    assert elements["creator"] == ["林晓云"]
    assert elements["identifier"] == ["urn:tongtang:resource:res1", "https://tong.example/resources/res1"]
    assert elements["format"] == ["application/pdf", "audio/webm"]
    assert all(value for values in elements.values() for value in values)
    read = ElementTree.fromstring(ElementTree.tostring(oai_dc(elements), encoding="unicode"))
    assert read.tag == "{http://www.openarchives.org/OAI/2.0/oai_dc/}dc"
    assert read.findtext("{http://purl.org/dc/elements/1.1/}description") == "水的<三态> & 蒸发"
    assert "#all-rights-reserved" not in str(dublin_core(resource(licence="all-rights-reserved")))
