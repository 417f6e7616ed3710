"""`cmi5.xml`: a lesson as a course of one assignable unit, for learning platforms (cmi5 specification §13). Pure.

The package is a ZIP with this file at its root (§14.1) and the unit beside it: the same files as an offline pack's, and
`cmi5.js`, which speaks with the platform.
"""

from __future__ import annotations

from typing import NamedTuple
from xml.etree import ElementTree

STRUCTURE = "cmi5.xml"
MIME = "application/zip"
_NAMESPACE = "https://w3id.org/xapi/profiles/cmi5/v1/CourseStructure.xsd"
_MAX_TEXT = 1_000  # characters of a title or description: platforms keep them in a column of a table


class Course(NamedTuple):
    """What the course structure says of a lesson."""

    id: str  # of the resource: the same in each of its versions
    title: str
    description: str
    language: str  # RFC 5646
    page: str  # that is opened, relative to the package


def course_structure(course: Course) -> bytes:
    """Return `cmi5.xml`. The unit is left behind by completing it, as there is nothing in it to pass."""
    root = ElementTree.Element("courseStructure", xmlns=_NAMESPACE)
    outer = ElementTree.SubElement(root, "course", id=f"urn:tongtang:course:{course.id}")
    unit = ElementTree.SubElement(
        root, "au", id=f"urn:tongtang:lesson:{course.id}", moveOn="Completed", launchMethod="AnyWindow"
    )
    for element in (outer, unit):
        for name, text in (("title", course.title), ("description", course.description)):
            _said(element, name, text, course.language)
    ElementTree.SubElement(unit, "url").text = course.page
    ElementTree.indent(root)
    made: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return made


def _said(element: ElementTree.Element, name: str, text: str, language: str) -> None:
    kind = ElementTree.SubElement(element, name)
    # XML 1.0 allows no control characters; a title with one would make a file that no platform reads.
    plain = "".join(one for one in text if one >= " " and one not in "\ufffe\uffff")
    ElementTree.SubElement(kind, "langstring", lang=language).text = plain[:_MAX_TEXT] or "-"
