"""What a resource is, told to machines: RO-Crate 1.1 with schema.org LRMI, and Dublin Core. Pure.

RO-Crate: https://www.researchobject.org/ro-crate/specification/1.1/ : a flat JSON-LD graph with the metadata file's
descriptor, the root data set and every entity that these name. LRMI (https://www.dublincore.org/specifications/lrmi/)
has been part of schema.org since version 1: educationalLevel, learningResourceType, timeRequired and their kin.
Dublin Core as `oai_dc` is what OAI-PMH harvesters ask for (http://www.openarchives.org/OAI/openarchivesprotocol.html).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Protocol
from xml.etree import ElementTree

from server.library.resources.model import (
    FLOW_NAMES,
    TIER_NAMES,
    Contributor,
    ContributorRole,
    FileEntry,
    Grade,
    Kind,
    Licence,
    Resource,
)

ROCRATE = "https://w3id.org/ro/crate/1.1"
METADATA_FILE = "ro-crate-metadata.json"
_CC = "https://creativecommons.org/licenses/"
LICENCE_URLS: dict[Licence, str] = {
    "CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "CC-BY-4.0": f"{_CC}by/4.0/",
    "CC-BY-SA-4.0": f"{_CC}by-sa/4.0/",
    "CC-BY-NC-4.0": f"{_CC}by-nc/4.0/",
    "CC-BY-NC-SA-4.0": f"{_CC}by-nc-sa/4.0/",
    "CC-BY-NC-ND-4.0": f"{_CC}by-nc-nd/4.0/",
    "all-rights-reserved": "#all-rights-reserved",
}
LICENCE_NAMES: dict[Licence, str] = {
    "CC0-1.0": "CC0 1.0：不保留任何权利",
    "CC-BY-4.0": "CC BY 4.0：署名",
    "CC-BY-SA-4.0": "CC BY-SA 4.0：署名、相同方式共享",
    "CC-BY-NC-4.0": "CC BY-NC 4.0：署名、非商业性使用",
    "CC-BY-NC-SA-4.0": "CC BY-NC-SA 4.0：署名、非商业性使用、相同方式共享",
    "CC-BY-NC-ND-4.0": "CC BY-NC-ND 4.0：署名、非商业性使用、禁止演绎",
    "all-rights-reserved": "保留所有权利",
}
KIND_NAMES: dict[Kind, str] = {"lesson": "课堂实录", "document": "教学文档", "video": "教学视频", "kit": "资源包"}
MEETING_NAME = "会议实录"
ROLE_NAMES: dict[ContributorRole, str] = {
    "lecturer": "主讲教师",
    "local_teacher": "远端教师",
    "author": "作者",
    "designer": "教学设计",
    "camera": "摄录",
    "editor": "编辑",
    "translator": "翻译",
}
_AUTHORS: frozenset[ContributorRole] = frozenset({"lecturer", "author", "designer"})
# Ages at which Chinese pupils are in a grade (first grade at 6: Compulsory Education Law, article 11).
_AGES: dict[Grade, str] = {
    "学前": "3-6", "一年级": "6-7", "二年级": "7-8", "三年级": "8-9", "四年级": "9-10", "五年级": "10-11",
    "六年级": "11-12", "七年级": "12-13", "八年级": "13-14", "九年级": "14-15", "高一": "15-16", "高二": "16-17",
    "高三": "17-18", "不分年级": "6-18",
}  # fmt: skip
_DC, _OAI_DC = "http://purl.org/dc/elements/1.1/", "http://www.openarchives.org/OAI/2.0/oai_dc/"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_OAI_DC_XSD = "http://www.openarchives.org/OAI/2.0/oai_dc.xsd"
for _prefix, _uri in (("oai_dc", _OAI_DC), ("dc", _DC), ("xsi", _XSI)):
    ElementTree.register_namespace(_prefix, _uri)


class Section(Protocol):
    """A chapter of a recording."""

    @property
    def start_ms(self) -> int:
        """Return where it begins."""

    @property
    def title(self) -> str:
        """Return what it is about."""


def identifier_of(resource: Resource) -> str:
    """Return a name for the resource that is no address, so that it stays when the server moves."""
    return f"urn:tongtang:resource:{resource.id}"


def _kind_name(resource: Resource) -> str:
    return MEETING_NAME if resource.is_meeting else KIND_NAMES[resource.kind]


def ro_crate(
    resource: Resource, files: Sequence[FileEntry] = (), chapters: Sequence[Section] = (), address: str = ""
) -> dict[str, Any]:
    """Return the `ro-crate-metadata.json` of a resource.

    Args:
        resource: as it was published, or the work.
        files: what is in the crate; `path` is relative to its root, a file without one has its name for it.
        chapters: of its recording, in order; each becomes a `Clip`.
        address: of its page, absolute; empty: it has none (a pack on a stick).
    """
    clips = [_clip(number, chapters, resource.duration_ms) for number in range(len(chapters))]
    parts = [_file(one) for one in files]
    people = [entity for number, one in enumerate(resource.contributors) for entity in _contributor(number, one)]
    graph = [
        {
            "@id": METADATA_FILE,
            "@type": "CreativeWork",
            "conformsTo": {"@id": ROCRATE},
            "about": {"@id": "./"},
        },
        _root(resource, parts, clips, address),
        *_about(resource),
        *people,
        *parts,
        *clips,
    ]
    unique = {entity["@id"]: entity for entity in graph}  # a school of two contributors is one entity
    return {"@context": f"{ROCRATE}/context", "@graph": list(unique.values())}


def _root(resource: Resource, parts: list[dict[str, Any]], clips: list[dict[str, Any]], address: str) -> dict[str, Any]:
    numbered = list(enumerate(resource.contributors))
    root: dict[str, Any] = {
        "@id": "./",
        "@type": ["Dataset", "LearningResource"],
        "identifier": identifier_of(resource),
        "name": resource.title,
        "description": resource.description or f"{resource.grade}{resource.subject}：{resource.title}",
        "datePublished": _day(resource.published_ms or resource.changed_ms),
        "dateCreated": _day(resource.created_ms),
        "version": str(resource.version),
        "license": {"@id": LICENCE_URLS[resource.licence]},
        "inLanguage": resource.language,
        "learningResourceType": _kind_name(resource),
        "about": {"@id": "#subject"},
        "educationalLevel": resource.grade,
        "typicalAgeRange": _AGES[resource.grade],
        "educationalAlignment": [{"@id": "#tier"}, {"@id": "#grade"}],
        "educationalUse": "课堂教学",
        "interactivityType": "mixed" if resource.kind == "lesson" else "expositive",
        "isAccessibleForFree": resource.flow != "paid",
        "conditionsOfAccess": FLOW_NAMES[resource.flow],
        "publisher": {"@id": f"#school-{resource.school.id}"},
        "author": [{"@id": _person_id(number, one)} for number, one in numbered if one.role in _AUTHORS],
        "contributor": [{"@id": _person_id(number, one)} for number, one in numbered if one.role not in _AUTHORS],
        "hasPart": [{"@id": one["@id"]} for one in (*parts, *clips)],
    }
    if resource.duration_ms:
        root |= {"timeRequired": _duration(resource.duration_ms), "accessMode": ["auditory", "visual"]}
    if resource.edition:
        root["isBasedOn"] = {"@id": "#textbook"}
    if address:
        root["url"] = address
    return root


def _about(resource: Resource) -> list[dict[str, Any]]:
    """Return the entities that the root names beside people and files."""
    found: list[dict[str, Any]] = [
        {
            "@id": LICENCE_URLS[resource.licence],
            "@type": "CreativeWork",
            "name": LICENCE_NAMES[resource.licence],
        },
        {"@id": "#subject", "@type": "DefinedTerm", "name": resource.subject, "inDefinedTermSet": "学科"},
        _alignment("#tier", "层级", f"{TIER_NAMES[resource.tier]}性资源"),
        _alignment("#grade", "年级", resource.grade),
        {"@id": f"#school-{resource.school.id}", "@type": "Organization", "name": resource.school.name},
    ]
    if resource.edition:
        found.append({"@id": "#textbook", "@type": "Book", "name": resource.edition})
    return found


def _alignment(name: str, framework: str, target: str) -> dict[str, Any]:
    return {
        "@id": name,
        "@type": "AlignmentObject",
        "alignmentType": "educationalLevel",
        "educationalFramework": framework,
        "targetName": target,
    }


def _person_id(number: int, one: Contributor) -> str:
    return f"#person-{one.person_id or number + 1}"


def _contributor(number: int, one: Contributor) -> list[dict[str, Any]]:
    person: dict[str, Any] = {"@id": _person_id(number, one), "@type": "Person", "name": one.name}
    share = f"#share-{number + 1}"
    person |= {"jobTitle": ROLE_NAMES[one.role], "additionalProperty": {"@id": share}}
    found = [
        person,
        {
            "@id": share,
            "@type": "PropertyValue",
            "name": "份额",
            "value": f"{one.share_bp / 100:g}",
            "unitText": "%",
        },
    ]
    if one.school:
        person["affiliation"] = {"@id": f"#school-of-{number + 1}"}
        found.append({"@id": f"#school-of-{number + 1}", "@type": "Organization", "name": one.school})
    return found


def _file(one: FileEntry) -> dict[str, Any]:
    kind = {"video": "VideoObject", "audio": "AudioObject", "image": "ImageObject"}.get(one.mime.split("/", 1)[0])
    entity: dict[str, Any] = {
        "@id": one.path or one.name,
        "@type": ["File", kind] if kind else "File",
        "name": one.title or one.name,
        "encodingFormat": one.mime,
        "contentSize": str(one.bytes),
    }
    return entity | ({"sha256": one.sha256} if one.sha256 else {})


def _clip(number: int, chapters: Sequence[Section], duration_ms: int) -> dict[str, Any]:
    following = chapters[number + 1].start_ms if number + 1 < len(chapters) else duration_ms
    return {
        "@id": f"#chapter-{number + 1}",
        "@type": "Clip",
        "name": chapters[number].title or f"第 {number + 1} 节",
        "startOffset": chapters[number].start_ms // 1000,
        "endOffset": max(following, chapters[number].start_ms) // 1000,
    }


def _day(epoch_ms: int) -> str:
    return datetime.fromtimestamp(epoch_ms / 1000, UTC).date().isoformat()


def _duration(ms: int) -> str:
    """Return an ISO 8601 duration in whole minutes, at least one."""
    return f"PT{max(1, round(ms / 60_000))}M"


# --- Dublin Core --------------------------------------------------------------------------------------------------


def dublin_core(resource: Resource, files: Sequence[FileEntry] = (), address: str = "") -> dict[str, list[str]]:
    """Return the elements of Dublin Core that a resource has, each with its values."""
    found: dict[str, list[str]] = {
        "title": [resource.title],
        "creator": [one.name for one in resource.contributors if one.role in _AUTHORS],
        "contributor": [one.name for one in resource.contributors if one.role not in _AUTHORS],
        "publisher": [resource.school.name],
        "subject": [resource.subject, resource.grade, f"{TIER_NAMES[resource.tier]}性资源"],
        "description": [resource.description],
        "date": [_day(resource.published_ms or resource.changed_ms)],
        "type": [_kind_name(resource)],
        "format": sorted({one.mime for one in files}),
        "identifier": [identifier_of(resource), address],
        "source": [resource.edition],
        "language": [resource.language],
        "rights": [LICENCE_NAMES[resource.licence], LICENCE_URLS[resource.licence], FLOW_NAMES[resource.flow]],
    }
    kept = {name: [value for value in values if value and not value.startswith("#")] for name, values in found.items()}
    return {name: values for name, values in kept.items() if values}


def oai_dc(elements: dict[str, list[str]]) -> ElementTree.Element:
    """Return Dublin Core as the XML that harvesters take; `ElementTree.tostring` makes text of it."""
    root = ElementTree.Element(f"{{{_OAI_DC}}}dc", {f"{{{_XSI}}}schemaLocation": f"{_OAI_DC} {_OAI_DC_XSD}"})
    for name, values in elements.items():
        for value in values:
            # XML 1.0 has no characters below U+0020 but these three, and no parser takes them.
            clean = "".join(one for one in value if one >= " " or one in "\t\n\r")
            ElementTree.SubElement(root, f"{{{_DC}}}{name}").text = clean
    return root
