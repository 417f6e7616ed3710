"""Reading session descriptions (RFC 8866, with the attributes of WebRTC) from untrusted text.

`parse_description` gives typed sections or `SdpError("sdp_malformed")`, nothing else. What we do not use is skipped,
also when it is malformed; what we do use must be right. Names that may be written back into an answer (mid, rid) are
limited to RFC 8866 token characters, so nothing that a client wrote can end a line of ours.
"""

from __future__ import annotations

import re

import msgspec

MAX_SDP_BYTES = 65_536  # an offer of Chromium 156 with two simulcast videos has 9.3 kB
MAX_MEDIA = 64
MAX_CODECS = 128  # all dynamic payload types there are
MAX_SSRCS = 64  # of one section

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+\-.^_`{|}~]{1,64}")
_RID = re.compile(r"[A-Za-z0-9_-]{1,16}")  # RFC 8851 §10; the header extension carries at most 16 in one-byte form
_ICE = re.compile(r"[\x21-\x7e]{4,256}")  # RFC 8839 §5.4 asks for 4 (ufrag) and 22 (pwd); some clients use less
_FINGERPRINT = re.compile(r"[0-9A-F]{2}(:[0-9A-F]{2}){15,63}")
_DIRECTIONS = frozenset({"sendrecv", "sendonly", "recvonly", "inactive"})
_SETUPS = frozenset({"actpass", "active", "passive", "holdconn"})


class SdpError(Exception):
    """A description that we refuse: `code` is `sdp_malformed` or `codec_unsupported`, `detail` is Chinese."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail


def malformed(what: str) -> SdpError:
    """Return the error for a description that cannot be read."""
    return SdpError("sdp_malformed", f"会话描述(SDP)不合规:{what}。媒体无法建立,请刷新页面或更换客户端后重试。")


class Codec(msgspec.Struct):
    """One payload type of a section."""

    payload_type: int
    name: str = ""  # lower case; "" when only listed (static payload types)
    clock_rate: int = 0
    channels: int = 1
    fmtp: dict[str, str] = {}
    feedback: set[str] = set()


class Extension(msgspec.Struct, frozen=True):
    """One `extmap` line."""

    id: int
    uri: str
    direction: str  # "" when the line has none


class Section(msgspec.Struct):
    """One m-line with its attributes; transport attributes of the session are copied in."""

    kind: str
    port: int
    protocol: str
    codecs: dict[int, Codec]  # in order of preference
    mid: str = ""
    direction: str = "sendrecv"
    extensions: list[Extension] = []
    rids: list[str] = []  # declared for sending
    simulcast: list[str] = []  # rids of `simulcast:send`, first alternative each
    ssrcs: list[int] = []
    rtx_ssrcs: dict[int, int] = {}
    ufrag: str = ""
    pwd: str = ""
    fingerprints: list[tuple[str, str]] = []
    setup: str = ""
    rtcp_mux: bool = False
    rtcp_rsize: bool = False
    bundle_only: bool = False

    @property
    def is_rejected(self) -> bool:
        """Return whether the port says that this section is not in use (RFC 9143 §6: not so when bundle-only)."""
        return self.port == 0 and not self.bundle_only

    def rtx_of(self, payload_type: int) -> int:
        """Return the RTX payload type that repairs this one (RFC 4588 §8.6), 0: none."""
        for codec in self.codecs.values():
            if codec.name == "rtx" and codec.fmtp.get("apt") == str(payload_type):
                return codec.payload_type
        return 0


class Description(msgspec.Struct):
    """A whole session description."""

    media: list[Section] = []
    bundle: list[str] = []  # mids of the first BUNDLE group
    extmap_allow_mixed: bool = False


def parse_description(text: str) -> Description:
    """Read a description.

    Raises:
        SdpError: `sdp_malformed`.
    """
    if len(text) > MAX_SDP_BYTES or len(text.encode("utf-8", "replace")) > MAX_SDP_BYTES:
        raise malformed(f"超过 {MAX_SDP_BYTES // 1024} kB")
    lines = [line.rstrip("\r") for line in text.split("\n") if line.rstrip("\r")]
    if not lines or lines[0] != "v=0":
        raise malformed("开头不是 v=0")
    description = Description()
    session = Section("", 9, "", {})
    section = session
    for line in lines[1:]:
        if len(line) < 2 or line[1] != "=":
            raise malformed("有一行不是“字母=值”的格式")
        if line[0] == "m":
            section = _media_line(line[2:], session)
            description.media.append(section)
            if len(description.media) > MAX_MEDIA:
                raise malformed(f"媒体行超过 {MAX_MEDIA} 个")
        elif line[0] == "a":
            name, _, value = line[2:].partition(":")
            if section is session and name == "group":
                _read_group(description, value)
            elif name == "extmap-allow-mixed":
                description.extmap_allow_mixed = True
            else:
                _read_attribute(section, name, value)
    return _checked(description)


def _media_line(value: str, session: Section) -> Section:
    kind, _, rest = value.partition(" ")
    fields = rest.split()
    if len(fields) < 2 or not _TOKEN.fullmatch(kind):
        raise malformed("m= 行不完整")
    section = Section(kind, _number(fields[0].partition("/")[0], 65_535), fields[1], {})
    section.ufrag, section.pwd, section.setup = session.ufrag, session.pwd, session.setup
    section.fingerprints = list(session.fingerprints)
    section.direction = session.direction
    if kind in ("audio", "video"):
        if len(fields) - 2 > MAX_CODECS:
            raise malformed("一个媒体行的编码太多")
        for field in fields[2:]:
            payload_type = _number(field, 127)
            section.codecs[payload_type] = Codec(payload_type)
    return section


def _number(text: str, most: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        raise malformed("应为数字的地方不是数字")
    value = int(text)
    if value > most:
        raise malformed("数字超出范围")
    return value


def _read_group(description: Description, value: str) -> None:
    fields = value.split()
    if fields and fields[0] == "BUNDLE" and not description.bundle:
        description.bundle = fields[1 : MAX_MEDIA + 1]


def _read_attribute(section: Section, name: str, value: str) -> None:
    """Read one attribute line into `section`; unknown ones are skipped (RFC 8866 §5.13)."""
    if name in _DIRECTIONS:
        section.direction = name
    elif name == "mid":
        if not _TOKEN.fullmatch(value):
            raise malformed("mid 含有不允许的字符")
        section.mid = value
    elif name == "rtcp-mux":
        section.rtcp_mux = True
    elif name == "rtcp-rsize":
        section.rtcp_rsize = True
    elif name == "bundle-only":
        section.bundle_only = True
    elif name in ("rtpmap", "fmtp", "rtcp-fb"):
        _read_codec(section, name, value)
    elif name == "extmap":
        _read_extmap(section, value)
    elif name in ("ssrc", "ssrc-group"):
        _read_ssrc(section, name, value)
    elif name in ("rid", "simulcast"):
        _read_simulcast(section, name, value)
    elif name in ("ice-ufrag", "ice-pwd", "fingerprint", "setup"):
        _read_transport(section, name, value.strip())


def _read_codec(section: Section, name: str, value: str) -> None:
    number, _, rest = value.partition(" ")
    if name == "rtcp-fb" and number == "*":
        for codec in section.codecs.values():
            codec.feedback.add(rest.strip())
        return
    if section.kind not in ("audio", "video"):
        return
    listed = section.codecs.get(_number(number, 127))
    if listed is None:
        return  # an attribute of a payload type that the m-line does not list
    if name == "rtpmap":
        parts = rest.strip().split("/")
        if len(parts) not in (2, 3):
            raise malformed("rtpmap 不完整")
        listed.name = parts[0].lower()
        listed.clock_rate = _number(parts[1], 10_000_000)
        listed.channels = _number(parts[2], 255) if len(parts) == 3 else 1
    elif name == "fmtp":
        for parameter in rest.split(";"):
            key, _, setting = parameter.strip().partition("=")
            if key:
                listed.fmtp[key.lower()] = setting
    else:
        listed.feedback.add(rest.strip())


def _read_extmap(section: Section, value: str) -> None:
    fields = value.split()
    if len(fields) < 2:
        raise malformed("extmap 不完整")
    number, _, direction = fields[0].partition("/")
    extension_id = _number(number, 4351)  # RFC 8285 §5: 4096..4351 stand for "id to be chosen"
    if 0 < extension_id < 256:
        section.extensions.append(Extension(extension_id, fields[1], direction if direction in _DIRECTIONS else ""))


def _read_ssrc(section: Section, name: str, value: str) -> None:
    fields = value.split()
    if name == "ssrc":
        if not fields:
            raise malformed("ssrc 不完整")
        ssrc = _number(fields[0], 0xFFFFFFFF)
        if ssrc not in section.ssrcs:
            section.ssrcs.append(ssrc)
    elif len(fields) == 3 and fields[0] == "FID":
        section.rtx_ssrcs[_number(fields[1], 0xFFFFFFFF)] = _number(fields[2], 0xFFFFFFFF)
    if len(section.ssrcs) > MAX_SSRCS or len(section.rtx_ssrcs) > MAX_SSRCS:
        raise malformed(f"一个媒体行的 ssrc 超过 {MAX_SSRCS} 个")


def _read_simulcast(section: Section, name: str, value: str) -> None:
    fields = value.split()
    if name == "rid":
        if len(fields) >= 2 and fields[1] == "send":
            if not _RID.fullmatch(fields[0]):
                raise malformed("rid 含有不允许的字符")
            if fields[0] not in section.rids and len(section.rids) < MAX_SSRCS:
                section.rids.append(fields[0])
        return
    for direction, streams in zip(fields[::2], fields[1::2], strict=False):
        if direction == "send":  # RFC 8853 §5.1: alternatives by comma, "~" is paused at first
            section.simulcast = [stream.split(",")[0].lstrip("~") for stream in streams.split(";")]


def _read_transport(section: Section, name: str, value: str) -> None:
    if name == "ice-ufrag" or name == "ice-pwd":
        if not _ICE.fullmatch(value) or ":" in value:
            raise malformed(f"{name} 不合规")
        if name == "ice-ufrag":
            section.ufrag = value
        else:
            section.pwd = value
    elif name == "setup":
        if value not in _SETUPS:
            raise malformed("setup 的值未知")
        section.setup = value
    else:
        algorithm, _, digest = value.partition(" ")
        digest = digest.strip().upper()
        if not _TOKEN.fullmatch(algorithm) or not _FINGERPRINT.fullmatch(digest):
            raise malformed("fingerprint 不合规")
        if len(section.fingerprints) < 8:
            section.fingerprints.append((algorithm.lower(), digest))


def _checked(description: Description) -> Description:
    if not description.media:
        raise malformed("没有媒体行")
    mids: set[str] = set()
    for index, section in enumerate(description.media):
        section.mid = section.mid or str(index)  # a client without mids (RFC 9143 asks for them) sends one line
        if section.mid in mids:
            raise malformed("mid 重复")
        mids.add(section.mid)
        section.simulcast = [rid for rid in section.simulcast if rid in section.rids]
        rtx = set(section.rtx_ssrcs.values())
        section.ssrcs = [ssrc for ssrc in section.ssrcs if ssrc not in rtx]
    return description
