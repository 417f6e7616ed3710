"""A learning platform that is as strict as the cmi5 specification and forgives nothing: what it finds is in `faults`.

It imports a package (§14), launches its unit (§8), holds state and profile documents (§10, §11), and takes statements
(§7, §9). Numbers in brackets are sections of the specification.
"""

from __future__ import annotations

import json
import re
import secrets
import uuid
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from tests.e2e.pack_page import served

NAMESPACE = "{https://w3id.org/xapi/profiles/cmi5/v1/CourseStructure.xsd}"
VERBS = "http://adlnet.gov/expapi/verbs/"
CATEGORIES = "https://w3id.org/xapi/cmi5/context/categories/"
SESSION = "https://w3id.org/xapi/cmi5/context/extensions/sessionid"
DEFINED = ("initialized", "completed", "terminated")  # of what our unit says
_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_DURATION = re.compile(r"PT(\d+H)?(\d+M)?(\d+(\.\d+)?S)?")


class Platform:
    """One learner and one course."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = ""
        self.unit = ""  # the publisher's id of the assignable unit
        self.page = ""
        self.actor = {"objectType": "Agent", "account": {"homePage": "https://lms.school.test", "name": "s-0417"}}
        self.registration = str(uuid.uuid4())
        self.activity = f"https://lms.school.test/au/{secrets.token_hex(8)}"
        self.documents: dict[str, Any] = {}
        self.preferences: dict[str, str] | None = None
        self.said: list[dict[str, Any]] = []  # of all sessions
        self.session: list[dict[str, Any]] = []  # of this one
        self.faults: list[str] = []
        self._token = ""
        self._fetch = ""
        self._asked: set[str] = set()

    def take(self, package: bytes) -> None:
        """Import a course package: what cannot be imported is a fault."""
        (self.folder / "package.zip").write_bytes(package)
        with zipfile.ZipFile(self.folder / "package.zip") as found:
            found.extractall(self.folder / "content")
        root = ElementTree.parse(self.folder / "content" / "cmi5.xml").getroot()
        self.must(root.tag == f"{NAMESPACE}courseStructure", "namespace of the course structure (13)")
        course, unit = list(root)
        self.must(course.tag.endswith("}course") and unit.tag.endswith("}au"), "one course, one unit")
        self.must(":" in course.get("id", "") and course.get("id") != unit.get("id"), "ids are IRIs of their own")
        self.must([one.tag.split("}")[1] for one in unit] == ["title", "description", "url"], "order of the elements")
        for one in unit.iter(f"{NAMESPACE}langstring"):
            self.must(bool(one.get("lang") and one.text), "words have a language")
        self.must(unit.get("moveOn") == "Completed", "moveOn")
        self.unit, self.page = unit.get("id", ""), unit.findtext(f"{NAMESPACE}url", "")
        self.must((self.folder / "content" / self.page).is_file(), "the unit is in the package")

    def launch(self, mode: str = "Normal", is_known: bool = True) -> str:
        """Return the address that opens the unit (8.1); with `is_known` False its token cannot be had."""
        self.session, self._asked = [], set()
        self._token, self._fetch = secrets.token_hex(12), secrets.token_hex(8) if is_known else ""
        self.documents["LMS.LaunchData"] = {
            "contextTemplate": {
                "contextActivities": {"grouping": [{"id": self.unit}]},
                "extensions": {SESSION: str(uuid.uuid4())},
            },
            "launchMode": mode,
            "moveOn": "Completed",
            "returnURL": f"{self.url}/back",
        }
        given = {
            "endpoint": f"{self.url}/xapi",
            "fetch": f"{self.url}/token/{self._fetch or 'gone'}",
            "actor": json.dumps(self.actor),
            "registration": self.registration,
            "activityId": self.activity,
        }
        return f"{self.url}/content/{self.page}?{urlencode(given)}"

    def verbs(self) -> list[str]:
        """Return what was said in this session."""
        return [one["verb"]["id"].removeprefix(VERBS) for one in self.session]

    def must(self, is_so: bool, rule: str) -> None:
        if not is_so:
            self.faults.append(rule)

    def routes(self) -> list[Route | Mount]:
        return [
            Route("/token/{word}", self._give_token, methods=["POST"]),
            Route("/xapi/activities/state", self._state, methods=["GET", "PUT"]),
            Route("/xapi/agents/profile", self._profile),
            Route("/xapi/statements", self._statement, methods=["PUT"]),
            Route("/back", lambda request: PlainTextResponse("回到学习平台")),
            Mount("/content", StaticFiles(directory=self.folder / "content")),
        ]

    async def _give_token(self, request: Request) -> Response:
        if request.path_params["word"] != self._fetch or not self._fetch:
            return JSONResponse({"error-code": "1", "error-text": "used"})  # 8.2.3: also with 200
        self._fetch = ""  # once
        return JSONResponse({"auth-token": self._token})

    def _is_allowed(self, request: Request) -> bool:
        self.must(request.headers.get("authorization") == f"Basic {self._token}", "the token with each request (8.2)")
        version = request.headers.get("x-experience-api-version", "")
        self.must(version.startswith("1.0."), "the version of xAPI with each request")
        return request.headers.get("authorization") == f"Basic {self._token}"

    async def _state(self, request: Request) -> Response:
        if not self._is_allowed(request):
            return Response(status_code=401)
        asked = request.query_params
        self.must(asked["activityId"] == self.activity, "activity of a state")
        self.must(json.loads(asked["agent"]) == self.actor, "actor as it was given (8.1.3)")
        self.must(asked["registration"] == self.registration, "registration of a state")
        name = asked["stateId"]
        if request.method == "PUT":
            self.must(name != "LMS.LaunchData", "launch data belong to the platform (10)")
            self.documents[name] = await request.json()
            return Response(status_code=204)
        self._asked.add(name)
        return JSONResponse(self.documents[name]) if name in self.documents else Response(status_code=404)

    async def _profile(self, request: Request) -> Response:
        if not self._is_allowed(request):
            return Response(status_code=401)
        self.must(request.query_params["profileId"] == "cmi5LearnerPreferences", "profile (11)")
        self.must(json.loads(request.query_params["agent"]) == self.actor, "actor of a profile")
        self._asked.add("profile")
        return JSONResponse(self.preferences) if self.preferences else Response(status_code=404)

    async def _statement(self, request: Request) -> Response:
        if not self._is_allowed(request):
            return Response(status_code=401)
        told = await request.json()
        self.must(request.query_params["statementId"] == told["id"], "the statement's own id")
        self.must(str(uuid.UUID(told["id"])) == told["id"], "ids are UUIDs")
        if told["id"] in [one["id"] for one in self.said]:
            self.must(told in self.said, "the same id is the same statement")
            return Response(status_code=204)
        self._check(told)
        self.session.append(told)
        self.said.append(told)
        return Response(status_code=204)

    def _check(self, told: dict[str, Any]) -> None:
        verb, context = told["verb"]["id"].removeprefix(VERBS), told["context"]
        launch = self.documents["LMS.LaunchData"]
        template = launch["contextTemplate"]
        before = self.verbs()
        self.must({"LMS.LaunchData", "profile"} <= self._asked, "launch data and preferences before anything (7.1.1)")
        self.must((verb == "initialized") == (before == []), "initialized comes first, and once (9.3.2)")
        self.must("terminated" not in before, "nothing after terminated (9.3.8)")
        self.must(told["actor"] == self.actor, "actor of a statement (9.2)")
        self.must(bool(_UTC.fullmatch(told["timestamp"])), "time in UTC (9.7)")
        self.must(context["registration"] == self.registration, "registration (9.6.1)")
        self.must(context["extensions"] == template["extensions"], "the session's id (9.6.3.1)")
        activities = context["contextActivities"]
        self.must(activities["grouping"] == template["contextActivities"]["grouping"], "publisher's id (9.6.2.3)")
        categories = [one["id"].removeprefix(CATEGORIES) for one in activities.get("category", [])]
        self.must(("cmi5" in categories) == (verb in DEFINED), f"category of {verb} (9.6.2.1)")
        self.must(("moveon" in categories) == (verb == "completed"), f"moveOn category of {verb} (9.6.2.2)")
        self._check_result(verb, told)
        if verb in DEFINED:
            self.must(told["object"]["id"] == self.activity, "the object is the unit (9.4)")
        if launch["launchMode"] != "Normal":
            self.must(verb in ("initialized", "terminated"), f"{verb} where nothing counts (10, launchMode)")

    def _check_result(self, verb: str, told: dict[str, Any]) -> None:
        result = told.get("result", {})
        self.must(("completion" in result) == (verb == "completed"), f"completion of {verb} (9.5.3)")
        self.must("score" not in result, "nothing is judged")
        if verb in ("completed", "terminated"):
            self.must(bool(_DURATION.fullmatch(result.get("duration", ""))), f"duration of {verb} (9.5.4.1)")
        if verb == "completed":
            done = [one for one in self.said if one["verb"]["id"] == VERBS + "completed"]
            self.must(not done, "completed once in a registration (9.3.3)")
        if verb == "answered":
            about = told["object"]["definition"]
            self.must(about["type"] == "http://adlnet.gov/expapi/activities/cmi.interaction", "kind of interaction")
            self.must(told["object"]["id"].startswith(self.activity), "a question of this unit")
            letters = [one["id"] for one in about.get("choices", [])]
            self.must(all(one in letters for one in result["response"].split("[,]")), "an answer among the choices")


@asynccontextmanager
async def platform(folder: Path, package: bytes) -> AsyncIterator[Platform]:
    """Run a platform with this package inside the block."""
    (folder / "content").mkdir(parents=True)
    made = Platform(folder)
    made.take(package)
    async with served(made.routes()) as port:
        made.url = f"http://127.0.0.1:{port}"
        yield made
