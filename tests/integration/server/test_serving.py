"""The whole server with its children, on real sockets."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from tests.ports import free_port

ROOT = Path(__file__).parents[3]
START_S, STOP_S = 60.0, 30.0


@asynccontextmanager
async def running(*flags: str) -> AsyncIterator[asyncio.subprocess.Process]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TONGTANG_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "server.cli", *flags,
        cwd=ROOT, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_S):
                await process.communicate()
        except TimeoutError:
            process.kill()
            await process.communicate()
            raise


async def ended(*flags: str) -> tuple[int, str]:
    async with running(*flags) as process, asyncio.timeout(START_S):
        out, errors = await process.communicate()
    assert process.returncode is not None
    return process.returncode, (out + errors).decode()


async def until_ready(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(START_S):
        while True:
            try:
                state = (await client.get("/healthz")).json()
            except httpx.TransportError:
                state = {}
            if state.get("media") == "ready" and state.get("recorder") == "ready":
                return
            await asyncio.sleep(0.2)


async def test_the_server_serves_is_healthy_and_stops_cleanly(tmp_path: Path) -> None:
    tcp, udp = free_port(), free_port()
    flags = ["--port", str(tcp), "--media-port", str(udp), "--data", str(tmp_path / "data")]
    async with running("serve", *flags) as process, httpx.AsyncClient(base_url=f"http://127.0.0.1:{tcp}") as client:
        await until_ready(client)
        answer = await client.get("/api/hello")
        assert answer.json()["demo"] is False and answer.json()["media"] == {"udp_port": udp}
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        assert "tongtang_lessons_live 0.0" in (await client.get("/metrics")).text
        refused = await client.post("/api/session/demo", json={"username": "lin"}, headers={"X-Tongtang": "1"})
        assert refused.status_code == 403
        assert (await client.get("/api/nothing")).json()["code"] == "path_unknown"
        assert (tmp_path / "data" / "secret.key").stat().st_mode & 0o777 == 0o600
        code, text = await ended("serve", "--port", str(tcp), "--media-port", "0", "--data", str(tmp_path / "other"))
        assert code == 2 and "media.port" in text
        code, text = await ended("serve", *flags[2:], "--port", str(free_port()))
        assert code == 1 and f"UDP 端口 {udp} 已被其他程序占用" in text and "Traceback" not in text
        code, text = await ended("serve", *flags[:2], "--data", str(tmp_path / "other"))
        assert code == 1 and "端口" in text and "已被其他程序占用" in text and "Traceback" not in text
        code, text = await ended("doctor", *flags, "--json")
        checks = {item["check"]: item["verdict"] for item in json.loads(text)["items"]}
        assert checks["媒体端口"] == checks["网页端口"] == checks["录像服务"] == "good", text
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(STOP_S):
            await process.wait()
        assert process.returncode == 0


async def test_the_terminal_says_where_it_is_and_nothing_else(tmp_path: Path) -> None:
    tcp, udp = free_port(), free_port()
    flags = ["--port", str(tcp), "--media-port", str(udp), "--data", str(tmp_path / "data")]
    async with running("serve", *flags) as process:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{tcp}") as client:
            await until_ready(client)
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(STOP_S):
            out, errors = await process.communicate()
    assert process.returncode == 0
    assert out.decode().splitlines() == [
        f"同堂已启动，请用浏览器打开：http://127.0.0.1:{tcp}（按 Ctrl+C 停止）",
        f"数据目录：{tmp_path / 'data'}（日志在 log/ 里）",
        "正在停止：先关闭课堂和录像，再停止服务。",
    ]
    assert errors == b""


async def test_two_servers_do_not_share_a_data_folder(tmp_path: Path) -> None:
    tcp, udp = free_port(), free_port()
    async with running("serve", "--port", str(tcp), "--media-port", str(udp), "--data", str(tmp_path)):
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{tcp}") as client:
            await until_ready(client)
        other = ["--port", str(free_port()), "--media-port", str(free_port())]
        code, text = await ended("serve", *other, "--data", str(tmp_path))
    assert code == 1 and "正被另一个同堂服务器使用" in text


async def test_a_self_made_certificate_serves_https(tmp_path: Path) -> None:
    tcp, udp = free_port(), free_port()
    flags = ["--port", str(tcp), "--media-port", str(udp), "--data", str(tmp_path), "--tls", "self"]
    async with running("serve", *flags):
        async with asyncio.timeout(START_S):
            while not (tmp_path / "tls" / "cert.pem").is_file():
                await asyncio.sleep(0.1)
        context = ssl.create_default_context(cafile=tmp_path / "tls" / "cert.pem")
        async with httpx.AsyncClient(base_url=f"https://localhost:{tcp}", verify=context) as client:
            await until_ready(client)
            answer = await client.post("/api/devices", headers={"X-Tongtang": "1"})
            assert "Secure" in answer.headers["set-cookie"]


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("port = 'x'", ("设置 port 的值不对", "'x'", "1 到 65535")),
        ("prot = 1", ("不认识的设置 prot", "port")),
        ("port = = 1", ("不是正确的 TOML",)),
    ],
)
async def test_a_bad_settings_file_is_refused_by_name(tmp_path: Path, toml: str, words: tuple[str, ...]) -> None:
    file = tmp_path / "tongtang.toml"
    file.write_text(toml, encoding="utf-8")
    code, text = await ended("serve", "--config", str(file))
    assert code == 2 and "Traceback" not in text
    for word in words:
        assert word in text


async def test_an_unwritable_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    udp = str(free_port())
    tcp = str(free_port())
    flags = ["--port", tcp, "--media-port", udp, "--data", str(tmp_path / "file" / "data")]
    code, text = await ended("serve", *flags)
    assert code == 1 and "不可写" in text and "Traceback" not in text


async def test_people_are_added_at_the_command_line(tmp_path: Path) -> None:
    add = ["person", "add", "chen", "--name", "陈老师", "--password", "long enough", "--data", str(tmp_path)]
    code, text = await ended(*add, "--school", "红星小学")
    assert code == 1 and "--region" in text
    code, text = await ended(*add, "--school", "红星小学", "--region", "云岭县")
    assert code == 0 and "已添加：陈老师" in text
    code, text = await ended(*add, "--school", "红星小学")
    assert code == 1 and "已经有人用了" in text
    code, text = await ended("person", "password", "chen", "--password", "another one", "--data", str(tmp_path))
    assert code == 0
