"""Finalised files in the browsers of this machine: they play to their end and can be searched."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import async_playwright
from websockets.asyncio.client import ClientConnection, connect

from bench.recorder_feed import RecorderProcess, Stream, make_clip
from recorder.control import NamePeer, StartRecording, StopRecording

CHROMIUM, FIREFOX = shutil.which("chromium"), shutil.which("firefox-esr")
FIREFOX_PORT = 41_420
SECONDS = 12
PLAY = """
async () => {
  const video = document.createElement('video');
  video.src = SOURCE; video.muted = true; document.body.replaceChildren(video);
  const once = (name) => new Promise((done, failed) => {
    video.addEventListener(name, done, {once: true});
    video.addEventListener('error', () => failed(new Error(video.error.message)), {once: true});
    setTimeout(() => failed(new Error(name + ' did not come')), 20000);
  });
  await once('loadeddata');
  const duration = video.duration;
  const seeks = [];
  for (const at of [8.1, 2.3]) {
    const seeked = once('seeked'); video.currentTime = at; await seeked; seeks.push(video.currentTime);
  }
  const seeked = once('seeked'); video.currentTime = duration - 2; await seeked;
  const ended = once('ended'); await video.play(); await ended;
  return JSON.stringify({duration, seeks, end: video.currentTime, width: video.videoWidth});
}
"""


@pytest.fixture(scope="module", params=["vp8", "h264"])
def film(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finalised lesson, made by a real recorder."""
    scratch = tmp_path_factory.mktemp(request.param)
    recorder = RecorderProcess(scratch)
    recorder.send(StartRecording("r1", "room", "光合作用", str(scratch / "lesson")))
    recorder.wait_for_state("recording")
    recorder.send(NamePeer("r1", "teacher", "lecturer", "王老师", "城关小学"))
    stream = Stream(make_clip(4.0, 200_000, 320, 180, codec=request.param))
    tap = recorder.connect_tap()
    tap.sendall(stream.opening() + stream.until(SECONDS, time.monotonic_ns()) + stream.closing())
    time.sleep(1.5)
    recorder.send(StopRecording("r1"))
    ready = recorder.wait_for_state("ready")
    recorder.kill()
    return scratch / "lesson" / str(ready.renditions[0].path)


def check(result: dict[str, Any]) -> None:
    assert abs(result["duration"] - SECONDS) < 0.2
    assert [round(at, 1) for at in result["seeks"]] == [8.1, 2.3]
    assert abs(result["end"] - result["duration"]) < 0.3
    assert result["width"] == 320


def page_for(film: Path) -> Path:
    page = film.with_suffix(".html")
    page.write_text("<!doctype html><meta charset=utf-8><body></body>")
    return page


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
async def test_chromium_plays_and_searches(film: Path) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = await browser.new_page()
        await page.goto(page_for(film).as_uri())
        check(json.loads(await page.evaluate(PLAY.replace("SOURCE", json.dumps(film.name)))))
        await browser.close()


async def dial() -> ClientConnection:
    async with asyncio.timeout(60):
        while True:
            try:
                return await connect(f"ws://127.0.0.1:{FIREFOX_PORT}/session", max_size=None)
            except OSError:
                await asyncio.sleep(0.3)


@contextlib.asynccontextmanager
async def firefox(profile: Path) -> AsyncIterator[Any]:
    """Yield a WebDriver BiDi command function of a Firefox."""
    assert FIREFOX is not None
    process = await asyncio.create_subprocess_exec(
        FIREFOX, "--headless", "--no-remote", "--profile", str(profile), f"--remote-debugging-port={FIREFOX_PORT}",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        socket = await dial()
        number = 0

        async def command(method: str, **params: Any) -> dict[str, Any]:
            nonlocal number
            number += 1
            await socket.send(json.dumps({"id": number, "method": method, "params": params}))
            while True:
                answer = json.loads(await asyncio.wait_for(socket.recv(), 60))
                if answer.get("id") == number:
                    assert "result" in answer, answer
                    return dict(answer["result"])

        await command("session.new", capabilities={})
        yield command
        await socket.close()
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), 30)


@pytest.mark.skipif(FIREFOX is None, reason="Firefox is not installed")
async def test_firefox_plays_and_searches(film: Path, tmp_path: Path) -> None:
    async with firefox(tmp_path) as command:
        context = (await command("browsingContext.getTree"))["contexts"][0]["context"]
        await command("browsingContext.navigate", context=context, url=page_for(film).as_uri(), wait="complete")
        kind = 'video/mp4; codecs="avc1.42E01E, opus"' if film.suffix == ".mp4" else 'video/webm; codecs="vp8, opus"'
        can = f"document.createElement('video').canPlayType('{kind}')"
        answer = await command("script.evaluate", expression=can, target={"context": context}, awaitPromise=False)
        if film.suffix == ".mp4" and not answer["result"]["value"]:
            pytest.skip("this Firefox has no H.264 decoder (it uses the system's libavcodec)")
        code = f"({PLAY.replace('SOURCE', json.dumps(film.name))})()"
        answer = await command("script.evaluate", expression=code, target={"context": context}, awaitPromise=True)
        assert answer["type"] == "success", answer["exceptionDetails"]["text"]
        check(json.loads(answer["result"]["value"]))
