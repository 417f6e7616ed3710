"""Settings: flags before environment before one TOML file before defaults; typed, and refused by name when wrong.

A setting has a dotted name: `media.port` is `--media-port`, `TONGTANG_MEDIA_PORT`, and `port` in the table `[media]`
of the file. Pure but for `read_file`.
"""

from __future__ import annotations

import difflib
import ipaddress
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from recorder.settings import LowCodec
from server import setting_values as values
from server.planning.authorship.regions import WEST
from server.setting_values import Parser
from signaling.errors import Refused

ENVIRONMENT_PREFIX = "TONGTANG_"


class SettingWrong(Refused):
    """A setting has a value that it does not accept, or does not exist."""

    def __init__(self, name: str, detail: str) -> None:
        super().__init__("setting_wrong", detail)
        self.name = name


@dataclass(frozen=True)
class Setting:
    """One setting: what it accepts in both languages, and how it is read."""

    name: str
    help: str
    accepts: str
    accepts_english: str
    parse: Parser
    default: object
    is_secret: bool = False  # never shown, not even when it is wrong

    @property
    def field(self) -> str:
        """Return its name as a Python and environment name."""
        return self.name.replace(".", "_")

    @property
    def flag(self) -> str:
        """Return its flag on the command line: `--tls` for `tls.mode`, `--turn` for `turn.urls`."""
        return "--" + self.name.removesuffix(".mode").removesuffix(".urls").replace(".", "-").replace("_", "-")

    @property
    def variable(self) -> str:
        """Return its environment variable."""
        return ENVIRONMENT_PREFIX + self.field.upper()


@dataclass(frozen=True)
class Settings:
    """All settings of a server. Times in seconds as named."""

    host: str
    port: int
    data: Path
    demo: bool
    database: str  # empty: an SQLite file in the data folder
    tls_mode: str  # "off", "self" or "files"
    tls_cert: Path | None
    tls_key: Path | None
    media_port: int
    media_addresses: tuple[str, ...]  # empty: found out at start
    media_workers: int  # 0: one for each core left over
    turn_urls: tuple[str, ...]  # empty: no relay
    turn_secret: str
    timezone: str  # IANA name: whose clocks the schools' bells follow
    shutdown_s: float
    log_level: str
    metrics_open: bool
    decks_max_mb: int
    recordings_night: tuple[int, int] | None  # minutes of the local day; None: never
    recordings_low_codec: LowCodec
    recordings_page_reader: str  # name of a plug-in (recorder/words.py); empty: none
    recordings_transcriber: str
    recordings_local_days: int  # for how long browsers keep what they recorded themselves; 0: they record nothing
    files_url: str  # where signed addresses of files begin; empty: the server hands out all files itself
    files_secret: str
    objects_url: str  # of the object store; empty: recordings are in the data folder only
    objects_endpoint: str  # of an S3-compatible store; empty: Amazon's
    objects_region: str
    objects_key: str
    objects_secret: str
    research_west: tuple[str, ...]  # how the places of western schools begin

    @property
    def scheme(self) -> str:
        """Return the URL scheme that browsers use."""
        return "http" if self.tls_mode == "off" else "https"

    @property
    def is_loopback(self) -> bool:
        """Return whether only this machine can reach the server."""
        return self.host == "localhost" or _is_loopback(self.host)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


_PORT = ("1 到 65535 的整数", "a whole number from 1 to 65535")
_YES_NO = ("true 或 false", "true or false")
_FILE = ("一个文件的路径", "the path of a file")
_LEVELS = ("debug", "info", "warning", "error")

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "host",
        "监听的地址；0.0.0.0 让局域网可以访问",
        "主机名或 IP 地址",
        "a host name or IP address",
        values.host,
        "127.0.0.1",
    ),
    Setting("port", "网页和信令的 TCP 端口", *_PORT, values.whole(1, 65535), 8000),
    Setting(
        "data",
        "数据目录：数据库、课件、录像、证书",
        "一个目录的路径",
        "the path of a folder",
        values.path,
        Path("data"),
    ),
    Setting("demo", "演示模式：示范学校和一节正在上的课", *_YES_NO, values.flag, False),
    Setting(
        "database",
        "数据库地址；空着就用数据目录里的 SQLite",
        "sqlite:///文件 或 postgresql://用户:密码@主机/库名",
        "sqlite:///file or postgresql://user:password@host/name",
        values.database,
        "",
    ),
    Setting(
        "tls.mode",
        "self：自制证书，局域网里也能用摄像头",
        "off、self 或 files",
        "off, self or files",
        values.choice("off", "self", "files"),
        "off",
    ),
    Setting("tls.cert", "证书文件（PEM）", *_FILE, values.optional_path, None),
    Setting("tls.key", "私钥文件（PEM）", *_FILE, values.optional_path, None),
    Setting("media.port", "音视频的 UDP 端口；第 n 个进程用 端口+n", *_PORT, values.whole(1, 65535), 8189),
    Setting(
        "media.addresses",
        "告诉浏览器的音视频地址；空着就自动查找",
        "逗号分隔的 IP 地址",
        "IP addresses separated by commas",
        values.addresses,
        (),
    ),
    Setting(
        "media.workers",
        "音视频进程数；0 表示按核数自动决定",
        "0 到 64 的整数",
        "a whole number from 0 to 64",
        values.whole(0, 64),
        0,
    ),
    Setting(
        "turn.urls",
        "TURN 中继的地址：UDP 被封的学校由它转发音视频",
        "逗号分隔的 turn:主机:端口?transport=udp（或 tcp）和 turns:主机:端口，最多 6 个",
        "turn:host:port?transport=udp (or tcp) and turns:host:port separated by commas, at most 6",
        values.turn_urls,
        (),
    ),
    Setting(
        "turn.secret",
        "和 TURN 中继共用的密钥（coturn 的 static-auth-secret）",
        "至少 16 个字符的文本",
        "a text of at least 16 characters",
        values.optional_secret,
        "",
        is_secret=True,
    ),
    Setting(
        "timezone",
        "学校所在的时区，作息时间按它计算",
        "IANA 时区名，例如 Asia/Shanghai",
        "an IANA time zone such as Asia/Shanghai",
        values.timezone,
        "Asia/Shanghai",
    ),
    Setting(
        "shutdown_s", "停止时最多等待的秒数", "1 到 300 的秒数", "seconds from 1 to 300", values.seconds(1, 300), 10.0
    ),
    Setting("log.level", "日志的详细程度", "、".join(_LEVELS), ", ".join(_LEVELS), values.choice(*_LEVELS), "info"),
    Setting("metrics.open", "让别的机器也能读 /metrics", *_YES_NO, values.flag, False),
    Setting(
        "decks.max_mb",
        "一份课件最大多少 MB",
        "1 到 2000 的整数",
        "a whole number from 1 to 2000",
        values.whole(1, 2000),
        200,
    ),
    Setting(
        "recordings.night",
        "夜里什么时间可以压制录像的小画面",
        "HH:MM-HH:MM 或 off",
        "HH:MM-HH:MM or off",
        values.night,
        "01:00-05:00",
    ),
    Setting(
        "recordings.low_codec",
        "夜里压制用的编码；av1 更小，老电脑播放吃力",
        "h264 或 av1",
        "h264 or av1",
        values.choice("h264", "av1"),
        "h264",
    ),
    Setting(
        "recordings.page_reader",
        "识别图片课件文字的插件；rapidocr 要装 tongtang[ocr]",
        "插件的名字，空着不识别",
        "the name of a plug-in, or empty",
        values.plug_in,
        "",
    ),
    Setting(
        "recordings.transcriber",
        "把讲话转成字幕的插件",
        "插件的名字，空着不转写",
        "the name of a plug-in, or empty",
        values.plug_in,
        "",
    ),
    Setting(
        "recordings.local_days",
        "本机录下、等着补传的内容在浏览器里最多保留几天；0 表示不在本机录制",
        "0 到 30 的整数",
        "a whole number from 0 to 30",
        values.whole(0, 30),
        7,
    ),
    Setting(
        "files.url",
        "录像文件由哪里发送：空着由本服务器发送；/ 是前面的 nginx，也可以是 CDN 的地址",
        "/ 或 https://主机[:端口]",
        "/ or https://host[:port]",
        values.files_url,
        "",
    ),
    Setting(
        "objects.url",
        "录像另外存一份到哪里：空着就只在数据目录里",
        "file:///目录 或 s3://存储桶/前缀",
        "file:///folder or s3://bucket/prefix",
        values.objects_url,
        "",
    ),
    Setting(
        "objects.endpoint",
        "S3 兼容存储的地址（MinIO、阿里云 OSS 等）；亚马逊空着",
        "http(s)://主机[:端口]",
        "http(s)://host[:port]",
        values.optional_site,
        "",
    ),
    Setting("objects.region", "S3 的区域", "区域名", "the name of a region", values.text, "us-east-1"),
    Setting("objects.key", "S3 的访问密钥编号", "文本", "a text", values.optional_text, ""),
    Setting("objects.secret", "S3 的访问密钥", "文本", "a text", values.optional_text, "", is_secret=True),
    Setting(
        "research.west",
        "哪些地方算西部：统计“西部主导”时，学校所在地以这些开头的是西部",
        "逗号分隔的省名或地名",
        "names of provinces or places separated by commas",
        values.places,
        WEST,
    ),
    Setting(
        "files.secret",
        "和发送录像文件的 nginx 或 CDN 共用的密钥",
        "至少 16 个字符的文本，只有字母、数字、- 和 _",
        "a text of at least 16 letters, digits, - and _",
        values.optional_word_secret,
        "",
        is_secret=True,
    ),
)
_BY_NAME = {setting.name: setting for setting in SETTINGS}


def load(
    flags: Mapping[str, object], environment: Mapping[str, str], file: Mapping[str, object], file_name: str = ""
) -> Settings:
    """Return the settings of `flags` (by setting name, None: not given), `environment` and the parsed TOML `file`.

    Raises:
        SettingWrong: the first setting that is unknown or has a value it does not accept.
    """
    from_file = dict(_flat(file))
    _refuse_unknown(from_file, environment, file_name)
    found: dict[str, object] = {}
    for setting in SETTINGS:
        source, value = _pick(setting, flags, environment, from_file, file_name)
        try:
            found[setting.field] = setting.parse(value)
        except ValueError as error:
            shown = "***" if setting.is_secret else repr(value)
            raise SettingWrong(
                setting.name,
                f"设置 {setting.name} 的值不对：{source}是 {shown}，应为：{setting.accepts}。\n"
                f"Setting {setting.name}: got {shown}, accepts {setting.accepts_english}.",
            ) from error
    return _consistent(Settings(**found))  # type: ignore[arg-type] # each parser returns its field's type


def _pick(
    setting: Setting,
    flags: Mapping[str, object],
    environment: Mapping[str, str],
    file: Mapping[str, object],
    file_name: str,
) -> tuple[str, object]:
    given = flags.get(setting.name)
    if given is not None:
        return f"参数 {setting.flag} ", given
    if setting.variable in environment:
        return f"环境变量 {setting.variable} ", environment[setting.variable]
    if setting.name in file:
        return f"文件 {file_name} 里", file[setting.name]
    return "默认值", setting.default


def _flat(table: Mapping[str, object], prefix: str = "") -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = []
    for key, value in table.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            found += _flat(value, f"{name}.")
        else:
            found.append((name, value))
    return found


# Read by other parts of the program (the bots' log-in), not settings of the server.
_OTHER_VARIABLES = frozenset({"TONGTANG_PASSWORD", "TONGTANG_TOKEN", "TONGTANG_USER", "TONGTANG_CONFIG"})


def _refuse_unknown(file: Mapping[str, object], environment: Mapping[str, str], file_name: str) -> None:
    for name in file:
        if name not in _BY_NAME:
            raise _unknown(name, list(_BY_NAME), f"文件 {file_name} 里")
    variables = [setting.variable for setting in SETTINGS]
    for name in environment:
        if name.startswith(ENVIRONMENT_PREFIX) and name not in variables and name not in _OTHER_VARIABLES:
            raise _unknown(name, variables, "环境变量里")


def _unknown(name: str, known: list[str], where: str) -> SettingWrong:
    near = difflib.get_close_matches(name, known, 1, 0.0)[0]
    return SettingWrong(
        name, f"{where}有不认识的设置 {name}，是不是想写 {near}？\nUnknown setting {name}; did you mean {near}?"
    )


def _consistent(settings: Settings) -> Settings:
    has_files = settings.tls_cert is not None or settings.tls_key is not None
    if has_files and (settings.tls_cert is None or settings.tls_key is None):
        name = "tls.key" if settings.tls_key is None else "tls.cert"
        raise SettingWrong(
            name,
            f"设置 {name} 缺少：证书 tls.cert 和私钥 tls.key 要一起给出。\n"
            f"Setting {name} is missing: tls.cert and tls.key go together.",
        )
    if settings.tls_mode == "files" and not has_files:
        raise SettingWrong(
            "tls.cert",
            "设置 tls.cert 缺少：tls.mode 为 files 时要给出证书和私钥文件。\n"
            "Setting tls.cert is missing: tls.mode files needs tls.cert and tls.key.",
        )
    if bool(settings.turn_urls) is not bool(settings.turn_secret):
        name = "turn.secret" if settings.turn_urls else "turn.urls"
        raise SettingWrong(
            name,
            f"设置 {name} 缺少：中继的地址 turn.urls 和密钥 turn.secret 要一起给出。\n"
            f"Setting {name} is missing: turn.urls and turn.secret go together.",
        )
    if bool(settings.files_url) is not bool(settings.files_secret):
        name = "files.secret" if settings.files_url else "files.url"
        raise SettingWrong(
            name,
            f"设置 {name} 缺少：发送文件的地址 files.url 和密钥 files.secret 要一起给出。\n"
            f"Setting {name} is missing: files.url and files.secret go together.",
        )
    if settings.objects_url.startswith("s3://") and not (settings.objects_key and settings.objects_secret):
        name = "objects.secret" if settings.objects_key else "objects.key"
        raise SettingWrong(
            name,
            f"设置 {name} 缺少：objects.url 是 S3 存储时要给出 objects.key 和 objects.secret。\n"
            f"Setting {name} is missing: an S3 store needs objects.key and objects.secret.",
        )
    if has_files and settings.tls_mode == "off":
        return replace(settings, tls_mode="files")
    return settings


def read_file(path: Path) -> dict[str, Any]:
    """Return the TOML file at `path` as a table.

    Raises:
        SettingWrong: it cannot be read, or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingWrong(
            "config", f"读不到设置文件 {path}：{error.strerror}。\nCannot read the settings file {path}."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingWrong(
            "config", f"设置文件 {path} 不是正确的 TOML：{error}。\nThe settings file {path} is not TOML."
        ) from error
