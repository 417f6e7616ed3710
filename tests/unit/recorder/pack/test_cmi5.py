from __future__ import annotations

from xml.etree import ElementTree

from recorder.pack.cmi5 import Course, course_structure

SPACE = {"c": "https://w3id.org/xapi/profiles/cmi5/v1/CourseStructure.xsd"}


def test_course_has_one_unit_with_words_in_their_language() -> None:
    root = ElementTree.fromstring(course_structure(Course("b1", "光的折射 <1>", "科学", "zh-CN", "index.html")))
    unit = root.find("c:au", SPACE)
    assert unit is not None
    assert unit.attrib == {"id": "urn:tongtang:lesson:b1", "moveOn": "Completed", "launchMethod": "AnyWindow"}
    words = unit.findall("c:title/c:langstring", SPACE)
    assert [(one.get("lang"), one.text) for one in words] == [("zh-CN", "光的折射 <1>")]
    assert unit.findtext("c:url", namespaces=SPACE) == "index.html"
    assert root.find("c:course", SPACE).attrib["id"] == "urn:tongtang:course:b1"  # type: ignore[union-attr]


def test_a_title_that_xml_cannot_hold_is_told_without_those_signs() -> None:
    made = course_structure(Course("b1", "光\x00的\x0b折射\ufffe", "", "zh-CN", "index.html"))
    words = [one.text for one in ElementTree.fromstring(made).iter(f"{{{SPACE['c']}}}langstring")]
    assert words == ["光的折射", "-"] * 2
