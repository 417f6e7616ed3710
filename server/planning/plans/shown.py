"""What of a plan is told to browsers."""

from __future__ import annotations

from typing import Any

import msgspec

from server.json_http import iso
from server.planning.plans.desk import Access
from server.planning.plans.model import Plan


def plan(one: Plan) -> dict[str, Any]:
    """Return a plan's cover."""
    return {
        **msgspec.to_builtins(one),
        "created_at": iso(one.created_ms),
        "changed_at": iso(one.changed_ms),
    }


def sheet(access: Access) -> dict[str, Any]:
    """Return a plan's cover with what the person who asks may do with it."""
    return {
        **plan(access.plan),
        "group": {"id": access.group.id, "name": access.group.name, "kind": access.group.kind},
        "role": access.role.value,
        "rights": sorted(right.value for right in access.rights()),
        "may_write": access.may_write,
    }
