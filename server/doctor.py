"""`tongtang doctor`: what is wrong with this machine, and what to do about it.

Each check returns findings; none changes anything but a probe file in the data folder, which it removes. The libraries
of media are tried in a process of their own: one that crashes is a finding, not the end of the doctor.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import msgspec

from server.addresses import check_udp, listen_tcp, local_ipv4
from server.lessons.decks.office import INSTALL, find_office
from server.live import media_bind, worker_count
from server.objects.opening import open_objects
from server.objects.probe import try_store
from server.reach import MediaDoor, health, media_door
from server.settings import Settings
from server.tls import RENEW_BEFORE, check_pair, facts_of
from server.turn import IceServer, turn_servers
from server.turn_probe import RelayVerdict, door_of, probe
from server.web_build import DIST
from signaling.errors import TongtangError

Verdict = Literal["good", "warning", "bad"]

LIBRARY_TIMEOUT_S = 30.0
PROBE_BYTES = 8 << 20
OBJECTS_TIMEOUT_S = 60.0
SLOW_SYNC_S = 1.0  # 8 MB and an fsync; the recorder syncs about 1 MB a second and lesson, so 8 lessons fill this disk
FREE_BAD_BYTES = 1 << 30  # a lesson of 40 minutes is 0.4 GB; below two of them a recording may be cut
FREE_WARNING_BYTES = 10 << 30

_RELAYS = {"turn_udp": "UDP", "turn_tcp": "TCP", "turn_tls": "TLS"}

_LIBRARIES = """
import json
found = {}
try:
    import av
    wanted = ("libvpx", "libopus", "opus", "h264", "vp8", "mjpeg")
    found["av"] = [name for name in wanted if name in av.codecs_available]
except Exception as error:
    found["av_error"] = repr(error)
try:
    from pylibsrtp import Policy, Session
    key = b"0" * 28
    policy = Policy(key=key, ssrc_type=Policy.SSRC_ANY_OUTBOUND, srtp_profile=Policy.SRTP_PROFILE_AEAD_AES_128_GCM)
    Session(policy=policy).protect(b"\\x80\\x60" + b"\\0" * 30)
    found["gcm"] = True
except Exception as error:
    found["gcm_error"] = repr(error)
print(json.dumps(found))
"""


class Finding(msgspec.Struct, frozen=True):
    """What one check found: what is, and what to do when that is not good."""

    check: str
    verdict: Verdict
    what: str
    todo: str = ""


def examine(settings: Settings, wallclock: datetime) -> Iterator[Finding]:
    """Yield the findings of all checks, in the order in which one would mend them."""
    checks: tuple[Callable[[], Iterator[Finding]], ...] = (
        _python,
        _libraries,
        lambda: _web_build(DIST),
        _office,
        lambda: _data_folder(settings.data),
        lambda: _objects(settings),
        lambda: _clock(wallclock),
        lambda: _certificate(settings, wallclock),
        lambda: _addresses(settings),
        lambda: _ports(settings),
    )
    for check in checks:
        yield from check()


def _python() -> Iterator[Finding]:
    version = sys.version_info
    text = f"Python {version.major}.{version.minor}.{version.micro}"
    if version < (3, 11):
        yield Finding("Python", "bad", f"{text} 太旧", "请安装 Python 3.11 或更新的版本。")
    else:
        yield Finding("Python", "good", text)


def _libraries() -> Iterator[Finding]:
    try:
        done = subprocess.run(
            [sys.executable, "-c", _LIBRARIES], capture_output=True, text=True, timeout=LIBRARY_TIMEOUT_S, check=False
        )
        found = json.loads(done.stdout.splitlines()[-1]) if done.stdout else {}
    except (subprocess.TimeoutExpired, json.JSONDecodeError):
        found = {}
    reinstall = "请在项目目录重新运行 make run，或 pip install --force-reinstall av pylibsrtp。"
    missing = [
        name for name in ("libvpx", "libopus", "opus", "h264", "vp8", "mjpeg") if name not in found.get("av", [])
    ]
    if missing:
        why = found.get("av_error", f"缺少 {'、'.join(missing)}")
        yield Finding("编解码", "bad", f"音视频编解码库不完整：{why}", reinstall)
    else:
        yield Finding("编解码", "good", "VP8、H.264、Opus 和 JPEG 都可用")
    if found.get("gcm"):
        yield Finding("媒体加密", "good", "SRTP（AES-GCM）可用")
    else:
        yield Finding("媒体加密", "bad", f"SRTP 不可用：{found.get('gcm_error', '加载时出错')}", reinstall)


def _web_build(dist: Path) -> Iterator[Finding]:
    if (dist / "index.html").is_file():
        yield Finding("网页", "good", "网页已经构建")
    else:
        yield Finding("网页", "bad", "网页还没有构建", "请运行 make run，或 cd web && npm ci && npm run build。")


def _office() -> Iterator[Finding]:
    if find_office() is None:
        todo = f"需要直接上传 PPT 时请运行：{INSTALL}。没有它也能上传 PDF 和图片。"
        yield Finding("演示文稿", "warning", "没有安装 LibreOffice，还不能打开 PPT 文件", todo)
    else:
        yield Finding("演示文稿", "good", "LibreOffice 已安装，PPTX、PPT 和 ODP 都能上传")


def _data_folder(folder: Path) -> Iterator[Finding]:
    probe = folder / f".doctor-{secrets.token_hex(4)}"
    made = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        began = time.monotonic()
        with probe.open("wb") as file:
            file.write(b"\0" * PROBE_BYTES)
            file.flush()
            os.fsync(file.fileno())
        took_s = time.monotonic() - began
        free = shutil.disk_usage(folder).free
    except OSError as error:
        todo = "请检查目录的权限和磁盘空间，或用 --data 换一个目录。"
        yield Finding("数据目录", "bad", f"{folder.absolute()} 写不进去：{error.strerror}", todo)
        return
    finally:
        with contextlib.suppress(OSError):
            probe.unlink(missing_ok=True)
            if made:
                folder.rmdir()  # refused by the system unless it is empty
    yield _free_space(free)
    speed = f"写入 8 MB 并落盘用了 {took_s * 1000:.0f} 毫秒"
    if took_s > SLOW_SYNC_S:
        yield Finding("磁盘速度", "warning", f"{speed}，偏慢", "录像可能跟不上。请把数据目录放到更快的磁盘上。")
    else:
        yield Finding("磁盘速度", "good", speed)


def _free_space(free: int) -> Finding:
    text = f"剩余 {free / (1 << 30):.1f} GB，大约能录 {free // (400 << 20)} 节课"
    if free < FREE_BAD_BYTES:
        return Finding("磁盘空间", "bad", text, "请先清理磁盘，否则录像会中断。")
    if free < FREE_WARNING_BYTES:
        return Finding("磁盘空间", "warning", text, "空间不多了，请尽快清理旧录像。")
    return Finding("磁盘空间", "good", text)


def _objects(settings: Settings) -> Iterator[Finding]:
    """Store a small object and forget it again."""
    if not settings.objects_url:
        yield Finding("对象存储", "good", "没有设置，录像只在数据目录里")
        return
    try:
        store = open_objects(settings)
        assert store is not None, "it is set"
        took_s = asyncio.run(asyncio.wait_for(try_store(store), OBJECTS_TIMEOUT_S))
    except TongtangError as error:
        todo = "请核对 objects.* 设置和网络。录像都还在数据目录里，恢复后会自动接着传。"
        yield Finding("对象存储", "bad", error.detail, todo)
    except TimeoutError:
        yield Finding("对象存储", "bad", f"{settings.objects_url} 一直没有回应", "请检查网络和 objects.endpoint。")
    else:
        yield Finding("对象存储", "good", f"{store.where} 能写能读（{took_s * 1000:.0f} 毫秒）")


def _clock(wallclock: datetime) -> Iterator[Finding]:
    built = datetime.fromtimestamp(Path(__file__).stat().st_mtime, UTC)
    text = f"本机时间 {wallclock.astimezone():%Y-%m-%d %H:%M}"
    if wallclock < built - timedelta(days=1):
        todo = "请校准时钟（例如 timedatectl set-ntp true）。时间不对会让登录和证书失效。"
        yield Finding("时钟", "bad", f"{text}，早于程序安装的时间", todo)
    elif wallclock > built + timedelta(days=3650):
        yield Finding("时钟", "warning", f"{text}，看起来太晚", "请核对日期，必要时校准时钟。")
    else:
        yield Finding("时钟", "good", text)


def _certificate(settings: Settings, wallclock: datetime) -> Iterator[Finding]:
    if settings.tls_mode == "off":
        if not settings.is_loopback:
            todo = "请加上 --tls self，或用 --tls-cert 和 --tls-key 给出证书。"
            yield Finding("证书", "bad", "没有启用 HTTPS，其他电脑的浏览器不会允许使用摄像头", todo)
        return
    path = settings.tls_cert or settings.data / "tls" / "cert.pem"
    if settings.tls_mode == "self" and not path.is_file():
        yield Finding("证书", "good", "第一次启动时会自制证书")
        return
    try:
        if settings.tls_cert and settings.tls_key:
            check_pair(settings.tls_cert, settings.tls_key)
        facts = facts_of(path)
    except TongtangError as error:
        yield Finding("证书", "bad", error.detail, "请换一对可用的证书文件。")
        return
    text = f"有效期到 {facts.ends:%Y-%m-%d}"
    if not facts.begins <= wallclock < facts.ends:
        yield Finding("证书", "bad", f"证书不在有效期内（{text}）", "请更新证书；自制的证书重启后会自动更新。")
    elif wallclock + RENEW_BEFORE >= facts.ends:
        yield Finding("证书", "warning", f"证书快到期了（{text}）", "请更新证书；自制的证书重启后会自动更新。")
    else:
        yield Finding("证书", "good", f"证书{text}")


def _addresses(settings: Settings) -> Iterator[Finding]:
    found = local_ipv4()
    if not found and not settings.is_loopback:
        yield Finding("局域网", "bad", "没有找到局域网地址", "请检查网线或无线网络。")
    elif settings.is_loopback:
        todo = "要让其他教室进来，请用 --host 0.0.0.0 --tls self 启动。"
        yield Finding("局域网", "warning" if not settings.demo else "good", "现在只有本机能访问", todo)
    else:
        yield Finding("局域网", "good", "本机地址：" + "、".join(found))


def _ports(settings: Settings) -> Iterator[Finding]:
    state = health(settings)
    if state is None:
        yield from _free_ports(settings)
        return
    yield Finding("网页端口", "good", f"同堂正在 TCP 端口 {settings.port} 上运行")
    for name, label in (("media", "音视频服务"), ("recorder", "录像服务")):
        if state.get(name) == "ready":
            yield Finding(label, "good", "正常")
        else:
            yield Finding(label, "bad", "还没有就绪", "请等几秒再试；仍然这样就查看服务器日志。")
    yield from _media_paths(settings)


def _media_paths(settings: Settings) -> Iterator[Finding]:
    try:
        door = media_door(settings)
    except TongtangError as error:
        yield Finding("媒体端口", "bad", error.detail, "请用启动服务器的同一个用户和 --data 运行检查。")
        return
    if door is None:
        yield Finding("媒体端口", "bad", "音视频服务没有给出地址", "请等几秒再试；仍然这样就查看服务器日志。")
        return
    silent = [f"{host}:{port}" for host, port in door.addresses if not door.is_answered(host, port)]
    if silent:
        todo = f"请在防火墙里放行 UDP 端口 {settings.media_port}（例如 ufw allow {settings.media_port}/udp）。"
        yield Finding("媒体端口", "bad", f"UDP 地址 {'、'.join(silent)} 没有回应", todo)
    else:
        yield Finding("媒体端口", "good", f"UDP 端口 {settings.media_port} 能收能发（已实测往返）")
    if not settings.turn_urls:
        yield Finding("中继", "good", "没有设置 TURN 中继（学校网络都放行 UDP 时不需要）")
    for url in settings.turn_urls:
        door = media_door(settings)  # anew for each: a relay that is silent takes longer than a connection waits
        if door is not None:
            yield _relay(settings, url, door)


def _relay(settings: Settings, url: str, door: MediaDoor) -> Finding:
    """Return whether media comes through this address of the relay."""
    entrance, (server,) = door_of(url), turn_servers(settings, "doctor")
    port = f"{'UDP' if entrance.kind == 'turn_udp' else 'TCP'} 端口 {entrance.port}"
    name, address = f"中继（{_RELAYS[entrance.kind]}）", f"{entrance.host}:{entrance.port}"
    verdict, media = _tried(server, url, door)
    match verdict:
        case "open":
            return Finding(name, "good", f"{address} 能转发音视频（已实测往返）")
        case "silent":
            todo = f"请确认 coturn 正在运行，并在防火墙里放行 {port}。"
            return Finding(name, "bad", f"{address} 没有回应", todo)
        case "certificate":
            todo = "请给 coturn 换上正规机构签发、名字和地址一致、没有过期的证书（cert 和 pkey）。"
            return Finding(name, "bad", f"{address} 的证书不被信任，浏览器不会用它", todo)
        case "refused":
            todo = "turn.secret 要和 coturn 的 static-auth-secret 一样，并打开 use-auth-secret；两台机器的时钟要准。"
            return Finding(name, "bad", f"{address} 不接受我们的凭证", todo)
        case "forbidden":
            todo = f"请在 coturn 的设置里加一行 allowed-peer-ip={media[0]}。"
            return Finding(name, "bad", f"{address} 不许连到音视频地址 {media[0]}", todo)
        case "blocked":
            todo = f"请让中继那台机器能连到 {media[0]} 的 UDP 端口 {media[1]}，回来的包也要放行。"
            return Finding(name, "bad", f"{address} 能用，但它连不到音视频地址 {media[0]}:{media[1]}", todo)


def _tried(server: IceServer, url: str, door: MediaDoor) -> tuple[RelayVerdict, tuple[str, int]]:
    """Try the announced media addresses until one is reached, as browsers do; return the verdict and its address."""
    verdict: RelayVerdict = "silent"
    for media in door.addresses:
        verdict = probe(server, url, media, door.check())
        if verdict not in ("forbidden", "blocked"):
            break  # reached, or the relay is of no use whatever the address
    return verdict, media


def _free_ports(settings: Settings) -> Iterator[Finding]:
    try:
        listen_tcp(settings.host, settings.port).close()
        yield Finding("网页端口", "good", f"TCP 端口 {settings.port} 可用（同堂还没有启动）")
    except TongtangError as error:
        yield Finding("网页端口", "bad", error.detail, "停掉占用端口的程序，或换一个端口。")
    try:
        for index in range(worker_count(settings)):
            check_udp(media_bind(settings), settings.media_port + index)
        yield Finding("媒体端口", "good", f"UDP 端口 {settings.media_port} 可用")
    except TongtangError as error:
        yield Finding("媒体端口", "bad", error.detail, "停掉占用端口的程序，或换一个端口。")
