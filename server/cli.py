"""The command line: `tongtang serve | teach | watch | doctor | person`."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.logging import RichHandler

from server.context import Services
from server.serve import serve as run_server
from server.settings import Settings, load, read_file
from signaling.errors import TongtangError

app = typer.Typer(help="同堂：一间跨越距离的教室。", no_args_is_help=True, add_completion=False)
console = Console()
errors = Console(stderr=True)
WRONG_USE = 2  # as click's own usage errors


def main() -> None:
    """Run the command line."""
    app()


@app.callback()
def root() -> None:
    """Tongtang 同堂: one classroom across the distance."""


@app.command()
def serve(
    config: Annotated[Path | None, typer.Option(help="TOML 设置文件", envvar="TONGTANG_CONFIG")] = None,
    demo: Annotated[bool | None, typer.Option("--demo/--no-demo", help="演示模式")] = None,
    host: Annotated[str | None, typer.Option(help="监听的地址，0.0.0.0 让局域网可以访问")] = None,
    port: Annotated[str | None, typer.Option(help="网页的 TCP 端口")] = None,
    data: Annotated[str | None, typer.Option(help="数据目录")] = None,
    database: Annotated[str | None, typer.Option(help="数据库地址")] = None,
    tls: Annotated[str | None, typer.Option(help="off、self（自制证书）或 files")] = None,
    tls_cert: Annotated[str | None, typer.Option(help="证书文件（PEM）")] = None,
    tls_key: Annotated[str | None, typer.Option(help="私钥文件（PEM）")] = None,
    media_port: Annotated[str | None, typer.Option(help="音视频的 UDP 端口")] = None,
    media_addresses: Annotated[str | None, typer.Option(help="告诉浏览器的音视频地址，逗号分隔")] = None,
    media_workers: Annotated[str | None, typer.Option(help="音视频进程数")] = None,
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
        "log.level": log_level,
    }
    try:
        settings = settings_of(flags, config)
        set_up_log(settings.log_level)
        asyncio.run(run_server(settings, announce))
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


def set_up_log(level: str) -> None:
    """Log to the terminal."""
    handler = RichHandler(console=errors, show_path=False, rich_tracebacks=False)
    logging.basicConfig(level=level.upper(), format="%(message)s", datefmt="[%X]", handlers=[handler], force=True)
    logging.getLogger("uvicorn.error").setLevel(max(logging.WARNING, logging.getLevelName(level.upper())))


def announce(services: Services, url: str) -> None:
    """Say where the server is."""
    console.print(f"同堂已启动：[bold]{url}[/bold]", highlight=False)
    console.print(f"数据目录：{services.settings.data.absolute()}", highlight=False)


if __name__ == "__main__":
    main()
