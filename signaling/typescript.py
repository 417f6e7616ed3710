"""Print the TypeScript twin of `signaling.messages`.

    python -m signaling.typescript           print it
    python -m signaling.typescript --write   write it to web/src/generated/messages.ts

`tests/unit/signaling/test_typescript.py` fails when the written file differs. What a client sends may leave out fields
that have a default here; what the server sends carries every field, but for the few structs that omit their defaults.
"""

from __future__ import annotations

import enum
import sys
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NewType, get_args, get_origin

import msgspec

from signaling import messages, roles

TARGET = Path(__file__).resolve().parent.parent / "web" / "src" / "generated" / "messages.ts"
HEADER = """\
// Generated from signaling/messages.py by `python -m signaling.typescript --write`. Do not edit.
// docs/signaling.md explains the messages.
"""
_UNIONS = ("EventBody", "ClientMessage", "ServerMessage")
_CONSTANTS = (
    "PROTOCOL_VERSION",
    "MAX_MESSAGE_BYTES",
    "MAX_PUPILS",
    "MAX_CALLED",
    "MAX_MARKS",
    "MAX_SEGMENTS",
    "MAX_PRIVATE_LINES",
    "MAX_WHOLE",
    "MAX_QUESTIONS",
    "MAX_TITLE",
    "MAX_OPTIONS",
    "MAX_OPTION",
    "MAX_CARD_OPTIONS",
    "MAX_TEXT_ANSWER",
    "MAX_BATCH",
    "MAX_HANDS",
    "MAX_PAST_TITLE",
    "INK_UNITS",
    "MAX_CLIP_MS",
)
_SCALARS: dict[object, str] = {str: "string", int: "number", float: "number", bool: "boolean", type(None): "null"}
_LINE_WIDTH = 100  # prettier's `printWidth` in web/


def render() -> str:
    """Return the text of web/src/generated/messages.ts."""
    blocks = [HEADER, *_constants(), *_names(), *_structs(), *_unions()]
    return "\n".join(blocks)


def _constants() -> Iterator[str]:
    yield "".join(f"export const {name} = {getattr(messages, name)};\n" for name in _CONSTANTS)


def _names() -> Iterator[str]:
    """Yield the aliases: identifiers, string unions and enums."""
    for name, value in vars(messages).items():
        if isinstance(value, NewType):
            yield f"export type {name} = {_type(value.__supertype__)};\n"
        elif get_origin(value) is Literal:
            yield _union(name, [f"'{choice}'" for choice in get_args(value)])
    for kind in (roles.Role, roles.Capability):
        yield _union(kind.__name__, [f"'{member.value}'" for member in kind])
    acting = ", ".join(f"'{capability.value}'" for capability in sorted(roles.ACTING_CAPABILITIES))
    yield (
        "/** What the acting local teacher may do besides. */\n"
        f"export const ACTING_CAPABILITIES: readonly Capability[] = [{acting}];\n"
    )
    chair = ", ".join(f"'{capability.value}'" for capability in sorted(roles.CHAIR_CAPABILITIES))
    yield (
        "/** What whoever has the chair of a meeting may do besides. */\n"
        f"export const CHAIR_CAPABILITIES: readonly Capability[] = [{chair}];\n"
    )


def _structs() -> Iterator[str]:
    from_client = set(get_args(messages.ClientMessage))
    for struct in _defined():
        hints = typing.get_type_hints(struct)
        lines = [f"/** {line} */" for line in [" ".join((struct.__doc__ or "").split())] if line]
        lines.append(f"export interface {struct.__name__} {{")
        config = struct.__struct_config__
        if config.tag is not None:
            lines.append(f"  {config.tag_field}: '{config.tag}';")
        for field in msgspec.structs.fields(struct):
            is_optional = not field.required and (struct in from_client or config.omit_defaults)
            mark = "?" if is_optional else ""
            lines.append(f"  {field.encode_name}{mark}: {_type(hints[field.name])};")
        yield "\n".join([*lines, "}", ""])


def _defined() -> Iterator[type[msgspec.Struct]]:
    for value in vars(messages).values():
        if isinstance(value, type) and issubclass(value, msgspec.Struct) and value.__module__.startswith("signaling."):
            yield value


def _unions() -> Iterator[str]:
    for name in _UNIONS:
        yield _union(name, [member.__name__ for member in get_args(getattr(messages, name))])


def _union(name: str, members: list[str]) -> str:
    line = f"export type {name} = {' | '.join(members)};"
    if len(line) <= _LINE_WIDTH:
        return line + "\n"
    return f"export type {name} =\n" + "\n".join(f"  | {member}" for member in members) + ";\n"


def _type(hint: object) -> str:
    """Return the TypeScript spelling of `hint`.

    Raises:
        ValueError: a type that the messages have not used so far.
    """
    if hint in _SCALARS:
        return _SCALARS[hint]
    if isinstance(hint, NewType):
        return hint.__name__
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct | enum.Enum):
        return hint.__name__
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        alias = next((name for name, value in vars(messages).items() if value == hint and name[0] != "_"), None)
        return alias or " | ".join(f"'{choice}'" for choice in arguments)
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        return f"readonly {_type(arguments[0])}[]"
    if origin in (typing.Union, types.UnionType):
        alias = next((name for name in _UNIONS if getattr(messages, name) == hint), None)
        return alias or " | ".join(_type(argument) for argument in arguments)
    raise ValueError(f"no TypeScript spelling for {hint}")


def main(arguments: list[str]) -> int:
    """Print or write the file; return the exit status."""
    text = render()
    if arguments == ["--write"]:
        TARGET.parent.mkdir(parents=True, exist_ok=True)
        TARGET.write_text(text, encoding="utf-8")
    elif not arguments:
        sys.stdout.write(text)
    else:
        sys.stderr.write("usage: python -m signaling.typescript [--write]\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
