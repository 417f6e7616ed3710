"""The command line: `tongtang serve | teach | watch | doctor | library | person`."""

from __future__ import annotations

import asyncio
import functools
import os
import sys
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.markup import escape

from server.addresses import local_ipv4
from server.administration import NewPerson, change_password, enrol
from server.bot.options import DEFAULT_SERVER
from server.context import Services
from server.demo.people import demo_clip
from server.doctor import examine
from server.log import keep_crash, set_up_log
from server.objects.opening import open_objects
from server.objects.restoring import restore as fetch_recording
from server.school_library.app import Opened, run as run_library
from server.serve import serve as run_server
from server.settings import Settings, load, read_file
from signaling.errors import Refused, TongtangError

app = typer.Typer(
    help="同堂：一间跨越距离的教室。", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)
console = Console()
errors = Console(stderr=True)
WRONG_USE = 2  # as click's own usage errors
LOG_FOLDER = "log"  # of the data folder
CRASHED = 70  # sysexits(3) EX_SOFTWARE


def main() -> None:
    """Run the command line; an error that nobody expected is told in a sentence, its traceback is kept in a file."""
    try:
        app()
    except Exception as error:
        kept = keep_crash(error)
        where = f"详情写在 {kept}，请把这个文件发给维护人员。" if kept else "磁盘无法写入，详情没有保存下来。"
        errors.print(f"同堂出错停下了（{type(error).__name__}）。{where}", style="red", highlight=False, soft_wrap=True)
        sys.exit(CRASHED)


@app.callback()
def root() -> None:
    """Tongtang 同堂: one classroom across the distance."""


Config = Annotated[Path | None, typer.Option(help="TOML 设置文件", envvar="TONGTANG_CONFIG")]
Host = Annotated[str | None, typer.Option(help="监听的地址，0.0.0.0 让局域网可以访问")]
Port = Annotated[str | None, typer.Option(help="网页的 TCP 端口")]
Data = Annotated[str | None, typer.Option(help="数据目录")]
DatabaseUrl = Annotated[str | None, typer.Option(help="数据库地址")]
Tls = Annotated[str | None, typer.Option(help="off、self（自制证书）或 files")]
TlsCert = Annotated[str | None, typer.Option(help="证书文件（PEM）")]
TlsKey = Annotated[str | None, typer.Option(help="私钥文件（PEM）")]
MediaPort = Annotated[str | None, typer.Option(help="音视频的 UDP 端口")]
MediaAddresses = Annotated[str | None, typer.Option(help="告诉浏览器的音视频地址，逗号分隔")]

Turn = Annotated[str | None, typer.Option(help="TURN 中继的地址，逗号分隔")]
TurnSecret = Annotated[str | None, typer.Option(help="TURN 中继的密钥；更安全的是环境变量或设置文件")]

RoomCode = Annotated[str, typer.Option(help="课堂代码")]
ServerUrl = Annotated[str, typer.Option(help="服务器地址")]
User = Annotated[str, typer.Option(help="用户名", envvar="TONGTANG_USER")]
Password = Annotated[str, typer.Option(help="密码", envvar="TONGTANG_PASSWORD")]
Token = Annotated[str, typer.Option(help="进课堂的凭证", envvar="TONGTANG_TOKEN")]
DemoAccount = Annotated[str, typer.Option(help="演示账号的用户名")]
Insecure = Annotated[bool, typer.Option(help="接受自制的证书")]


@app.command()
def serve(
    config: Config = None,
    demo: Annotated[bool | None, typer.Option("--demo/--no-demo", help="演示模式")] = None,
    host: Host = None,
    port: Port = None,
    data: Data = None,
    database: DatabaseUrl = None,
    tls: Tls = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    media_port: MediaPort = None,
    media_addresses: MediaAddresses = None,
    media_workers: Annotated[str | None, typer.Option(help="音视频进程数")] = None,
    turn: Turn = None,
    turn_secret: TurnSecret = None,
    timezone: Annotated[str | None, typer.Option(help="学校所在的时区，例如 Asia/Shanghai")] = None,
    log_level: Annotated[str | None, typer.Option(help="debug、info、warning 或 error")] = None,
) -> None:
    """启动服务器 (run the server)."""
    flags: dict[str, object] = {
        "demo": demo,
        "host": host,
        "port": port,
        "data": data,
        "database": database,
        "tls.mode": tls,
        "tls.cert": tls_cert,
        "tls.key": tls_key,
        "media.port": media_port,
        "media.addresses": media_addresses,
        "media.workers": media_workers,
        "turn.urls": turn,
        "turn.secret": turn_secret,
        "timezone": timezone,
        "log.level": log_level,
    }
    try:
        settings = settings_of(flags, config)
        set_up_log(settings.log_level, settings.data / LOG_FOLDER, errors)
        asyncio.run(run_server(settings, announce, announce_end))
    except TongtangError as error:
        raise refused(error) from error


def settings_of(flags: dict[str, object], config: Path | None) -> Settings:
    """Return the settings of flags, environment and file; SettingWrong when one is wrong."""
    file = read_file(config) if config else {}
    return load(flags, os.environ, file, str(config or ""))


def refused(error: TongtangError) -> typer.Exit:
    """Tell what is wrong and what to do, and return how the program ends."""
    errors.print(error.detail, style="red", highlight=False, markup=False)
    return typer.Exit(WRONG_USE if error.code == "setting_wrong" else 1)


def announce(services: Services, url: str) -> None:
    """Say where the server is."""
    settings = services.settings
    say = functools.partial(console.print, highlight=False, soft_wrap=True)
    say(f"同堂已启动，请用浏览器打开：[bold]{url}[/bold]（按 Ctrl+C 停止）")
    if not settings.is_loopback:
        port = url.rsplit(":", 1)[1]
        for address in local_ipv4():
            say(f"其他电脑打开：[bold]{settings.scheme}://{address}:{port}[/bold]")
        if settings.tls_mode == "off":
            say("注意：没有 HTTPS，其他电脑的浏览器不会允许使用摄像头。请加上 --tls self。", style="yellow")
    if settings.tls_mode == "self":
        say("证书是自制的：浏览器第一次会提示“不安全”，选“高级”再选“继续前往”即可，以后不再提示。")
    if settings.demo:
        say("演示模式：任何人点一下就能登录，请不要放到公网上。")
        if not demo_clip(settings.data).exists():
            say("第一次启动要为演示课制作画面和声音，约半分钟。网页现在就可以打开，做好后自动开始上课。")
    say(f"数据目录：{settings.data.absolute()}（日志在 {LOG_FOLDER}/ 里）")


def announce_end() -> None:
    """Say that the server is being stopped: closing recordings takes some seconds."""
    console.print("正在停止：先关闭课堂和录像，再停止服务。", highlight=False)


@app.command()
def teach(
    file: Annotated[Path, typer.Argument(help="PyAV 能读的音视频文件")],
    room: RoomCode,
    server: ServerUrl = DEFAULT_SERVER,
    user: User = "",
    password: Password = "",
    token: Token = "",
    demo_account: DemoAccount = "",
    pages: Annotated[float, typer.Option(help="每页停留的秒数，0 表示不翻页")] = 20.0,
    loop: Annotated[bool, typer.Option(help="放完从头再放")] = True,
    end_lesson: Annotated[bool, typer.Option(help="放完就下课")] = False,
    write: Annotated[bool, typer.Option("--write", help="在每一页上画一条重点线")] = False,
    insecure: Insecure = False,
) -> None:
    """用一个音视频文件讲课 (teach with an audio or video file)."""
    from server.bot.teach import TeachOptions, run  # loads PyAV and aiortc: half a second that `serve` need not pay

    options = TeachOptions(
        room=room,
        server=server,
        username=user or demo_account,
        password="" if demo_account else password,
        token=token,
        insecure=insecure,
        file=file,
        page_s=pages,
        loop=loop and not end_lesson,
        end_lesson=end_lesson,
        writes=write,
    )
    raise typer.Exit(run(options))


@app.command()
def watch(
    room: RoomCode,
    server: ServerUrl = DEFAULT_SERVER,
    user: User = "",
    password: Password = "",
    token: Token = "",
    demo_account: DemoAccount = "",
    role: Annotated[str, typer.Option(help="observer、classroom、local_teacher 或 lecturer")] = "observer",
    seconds: Annotated[float, typer.Option(help="看多少秒，0 表示一直看")] = 0.0,
    as_json: Annotated[bool, typer.Option("--json", help="每行一个 JSON")] = False,
    insecure: Insecure = False,
) -> None:
    """无界面听课，打印收到的内容 (a headless classroom that prints what it receives)."""
    from server.bot.watch import WatchOptions, run  # as in `teach`

    options = WatchOptions(
        room=room,
        server=server,
        username=user or demo_account,
        password="" if demo_account else password,
        token=token,
        insecure=insecure,
        role=role,
        seconds=seconds,
        json=as_json,
    )
    raise typer.Exit(run(options))


@app.command()
def doctor(
    config: Config = None,
    host: Host = None,
    port: Port = None,
    data: Data = None,
    tls: Tls = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    media_port: MediaPort = None,
    media_addresses: MediaAddresses = None,
    turn: Turn = None,
    turn_secret: TurnSecret = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> None:
    """检查这台机器，说明哪里不对、怎么办 (check this machine)."""
    flags: dict[str, object] = {
        "host": host,
        "port": port,
        "data": data,
        "tls.mode": tls,
        "tls.cert": tls_cert,
        "tls.key": tls_key,
        "media.port": media_port,
        "media.addresses": media_addresses,
        "turn.urls": turn,
        "turn.secret": turn_secret,
    }
    try:
        settings = settings_of(flags, config)
    except TongtangError as error:
        raise refused(error) from error
    findings = list(examine(settings, datetime.now(UTC)))
    if as_json:
        print(msgspec.json.encode({"items": findings}).decode())
    else:
        for finding in findings:
            mark = {"good": "[green]✓[/green]", "warning": "[yellow]![/yellow]", "bad": "[red]✗[/red]"}[finding.verdict]
            console.print(f"{mark} {finding.check}：{escape(finding.what)}", highlight=False, soft_wrap=True)
            if finding.verdict != "good" and finding.todo:
                console.print(f"    → {escape(finding.todo)}", highlight=False, soft_wrap=True)
    if any(finding.verdict == "bad" for finding in findings):
        raise typer.Exit(1)


@app.command()
def restore(
    recording: Annotated[str, typer.Argument(help="录像的编号，在它的网址里")],
    folder: Annotated[Path, typer.Argument(help="一个空的文件夹")],
    config: Config = None,
) -> None:
    """从对象存储取回一个录像的全部文件 (fetch a recording from the object store)."""
    try:
        store = open_objects(settings_of({}, config))
        if store is None:
            raise Refused("setting_wrong", "没有设置对象存储 objects.url，没有可以取回的地方。")
        count = asyncio.run(fetch_recording(store, recording, folder))
    except TongtangError as error:
        raise refused(error) from error
    console.print(f"取回了 {count} 个文件，在 {folder}。", highlight=False)


@app.command()
def library(
    host: Annotated[str, typer.Option(help="监听的地址，0.0.0.0 让校园网可以访问")] = "0.0.0.0",
    port: Annotated[int, typer.Option(min=1, max=65535, help="网页的 TCP 端口")] = 8600,
    data: Annotated[Path, typer.Option(help="放课程的目录")] = Path("library"),
    word: Annotated[
        str, typer.Option(envvar="TONGTANG_LIBRARY_WORD", help="管理口令；第一次启动时不给就自动生成")
    ] = "",
) -> None:
    """启动校内资源库：夜里下载课程，在校园网里播放 (run a school's library)."""

    def announce(opened: Opened) -> None:
        say = functools.partial(console.print, highlight=False, soft_wrap=True)
        say(f"校内资源库已启动，请用浏览器打开：[bold]{opened.url}[/bold]（按 Ctrl+C 停止）")
        for address in [] if host in ("127.0.0.1", "localhost") else local_ipv4():
            say(f"其他电脑和手机打开：[bold]http://{address}:{port}[/bold]")
        if opened.word:
            say(f"管理口令：[bold]{opened.word}[/bold]。从其他电脑管理时要用，请记下来，以后不再显示。")

    try:
        set_up_log("info", data / LOG_FOLDER, errors)
        asyncio.run(run_library(data, host, port, word, announce))
    except TongtangError as error:
        raise refused(error) from error


person_app = typer.Typer(help="管理人员 (people).", no_args_is_help=True)
app.add_typer(person_app, name="person")


@person_app.command("add")
def add_person(
    username: Annotated[str, typer.Argument(help="用户名：小写字母、数字、点、横线")],
    name: Annotated[str, typer.Option(help="姓名")],
    school: Annotated[str, typer.Option(help="学校名称；空着是区域人员")] = "",
    kind: Annotated[str, typer.Option(help="新学校的类别：urban 或 rural")] = "rural",
    region: Annotated[str, typer.Option(help="新学校所在的地区")] = "",
    manager: Annotated[bool, typer.Option("--manager", help="管理员")] = False,
    password: Annotated[str, typer.Option(envvar="TONGTANG_PASSWORD", prompt="密码", hide_input=True)] = "",
    config: Config = None,
    data: Data = None,
    database: DatabaseUrl = None,
) -> None:
    """添加一个人，学校不存在时一并建立 (add a person)."""
    person = NewPerson(username, password, name, school, kind, region, manager)
    _administer(config, data, database, lambda settings: enrol(settings, person))


@person_app.command("password")
def set_password(
    username: Annotated[str, typer.Argument(help="用户名")],
    password: Annotated[str, typer.Option(envvar="TONGTANG_PASSWORD", prompt="新密码", hide_input=True)] = "",
    config: Config = None,
    data: Data = None,
    database: DatabaseUrl = None,
) -> None:
    """给一个人换密码，并退出他所有的登录 (give a person a new password)."""
    _administer(config, data, database, lambda settings: change_password(settings, username, password))


def _administer(
    config: Path | None, data: str | None, database: str | None, work: Callable[[Settings], Coroutine[None, None, str]]
) -> None:
    try:
        settings = settings_of({"data": data, "database": database}, config)
        console.print(asyncio.run(work(settings)), highlight=False)
    except TongtangError as error:
        raise refused(error) from error


if __name__ == "__main__":
    main()
