"""A finished lesson as finalising leaves it, in a folder: media, pages, log and words, always the same.

For what plays lessons and is not about how they are recorded. The voice is the demo's tune, the pages are text.
"""

from __future__ import annotations

import hashlib
import io
import random
from fractions import Fraction
from pathlib import Path

import av
import msgspec
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image, ImageDraw, ImageFont

from bench.past_lesson import stroke
from recorder.control import Chapter, Rendition
from recorder.resource import AnswerKey, Caption, Events, PageFile, PageTurn, PublicEvent, Resource, Sprite
from server.bot import melody
from server.bot.picture import HEIGHT, WIDTH, LessonPicture
from server.lessons.cards.fonts import chinese_fonts, font_folders
from signaling import messages as m
from signaling.roles import Role

LIGHT_BPS, VOICE_BPS, LOW_BPS = 24_000, 32_000, 300_000
BLOCK = 2_880  # samples: 60 ms, as light voices are packed
FPS = 5  # coding is what takes long: this is a lecturer who moves little
LEAD, ROOM, DECK = m.PeerId("p-lin"), m.PeerId("p-hekou"), "d1"
PAGES = ("光的折射", "铅笔为什么折断了", "入射角和折射角", "生活中的折射")
TEXT = "光从空气斜着射入水中，传播方向发生偏折，这种现象叫作光的折射。"
QUESTION = m.Question(m.QuestionId("q1"), "single", "光从空气斜射入水中，折射角____入射角", ("大于", "等于", "小于"), 2)
PEAK_S = 0.1
SPRITE_S = 5


def write_lesson(folder: Path, seconds: int, strokes: int = 40, pages: int = 4, has_picture: bool = True) -> Resource:
    """Write a lesson of `seconds` with `pages` pages and return its resource; takes about a tenth of its length.

    Strokes come evenly; the question is asked at two fifths.
    """
    (folder / "pages").mkdir(parents=True, exist_ok=True)
    (folder / "captions").mkdir(exist_ok=True)
    voice = melody.render(seconds)
    renditions = [_write_voice(folder, "light", voice, LIGHT_BPS)]
    if has_picture:
        renditions += [_write_picture(folder, voice, seconds), _write_voice(folder, "audio", voice, VOICE_BPS)]
    every = seconds * 1000 // pages
    turns = tuple(PageTurn(n * every, n + 1) for n in range(pages))
    resource = Resource(
        recording=f"bench{seconds}", title="光的折射", recorded_wall_ms=1_790_000_000_000, duration_ms=seconds * 1000,
        renditions=tuple(renditions), pages=turns, lesson="abcd2345", subject="五年级科学", lecturer="林晓云",
        school="春城实验小学", events="events.json",
        page_files=tuple(_page(folder, n + 1, pages) for n in range(pages)),
        chapters=tuple(Chapter(turn.start_ms, _title(turn.page), page=turn.page) for turn in turns),
        answers=(AnswerKey("q1", "single", QUESTION.title, QUESTION.options, 2, "C", seconds * 400),),
        sprite=_sprite(folder, seconds) if has_picture else None, peaks=_peaks(folder, voice),
        captions=(Caption("zh-CN", "中文", "captions/zh-CN.vtt"),),
    )  # fmt: skip
    (folder / "captions" / "zh-CN.vtt").write_text(_captions(seconds))
    (folder / "events.json").write_bytes(msgspec.json.encode(_events(seconds, strokes, turns)))
    (folder / "resource.json").write_bytes(msgspec.json.encode(resource))
    return resource


def _events(seconds: int, strokes: int, turns: tuple[PageTurn, ...]) -> Events:
    rng = random.Random(5)
    found: list[tuple[int, m.EventBody]] = [
        (turn.start_ms, m.PageTurned(turn.page, _title(turn.page))) for turn in turns[1:]
    ]
    every = seconds * 1000 / max(1, strokes)
    found.append((0, m.AuthorKnown(LEAD)))
    for n in range(strokes):
        found.append((round(every * (n + 0.9)), m.InkAdded(stroke(rng, 0, n + 1), "", 600)))
    asked = seconds * 400
    tally = (m.Tally(m.ClassroomId("hekou"), (3, 2, 14), 19, 21),)
    found += [
        (asked, m.QuestionAsked(QUESTION)),
        (asked + 4_000, m.TallyChanged(QUESTION.id, tally)),
        (asked + 6_000, m.AnswerRevealed(QUESTION.id, "C")),
        (asked + 8_000, m.ChatAdded(m.ChatLine(asked, ROOM, "和志强", "河口小学", "我们组看到筷子好像变短了"))),
        (asked + 9_000, m.Marked(m.Mark(asked, LEAD, "林晓云", "重点：折射角更小"))),
    ]
    ordered = sorted(found, key=lambda one: one[0])
    events = tuple(PublicEvent(n, t, msgspec.Raw(msgspec.json.encode(body))) for n, (t, body) in enumerate(ordered, 1))
    return Events(msgspec.Raw(msgspec.json.encode(_first(len(turns)))), events)


def _first(pages: int) -> m.Snapshot:
    seats = (
        m.Participant(LEAD, Role.LECTURER, "林晓云", "春城实验小学", None),
        m.Participant(ROOM, Role.CLASSROOM, "五年级", "河口小学", m.ClassroomId("hekou")),
    )
    info = m.LessonInfo(m.RoomId("abcd2345"), "光的折射", "五年级科学", "春城实验小学", 40, "live", 0)
    deck = m.Deck(DECK, "光的折射", pages, "", tuple(_title(n + 1) for n in range(pages)))
    return m.Snapshot(0, 0, info, deck, 1, seats, LEAD, None, (), True)


def _title(page: int) -> str:
    return PAGES[(page - 1) % len(PAGES)]


def _write_voice(folder: Path, name: str, voice: melody.Samples, bps: int) -> Rendition:
    path = folder / f"{name}.webm"
    with av.open(str(path), "w", format="webm", container_options=_front(len(voice) // melody.SAMPLE_RATE_HZ)) as out:
        sound = _sound(out.add_stream("libopus", rate=melody.SAMPLE_RATE_HZ, layout="mono"), bps)
        for at in range(0, len(voice) - BLOCK, BLOCK):
            out.mux(sound.encode(_block(voice, at)))
        out.mux(sound.encode(None))
    return _rendition(path, name, "audio/webm", len(voice))


def _write_picture(folder: Path, voice: melody.Samples, seconds: int) -> Rendition:
    path, picture, written = folder / "lecturer.webm", LessonPicture(), 0
    pixels = np.zeros((360, 640, 3), np.uint8)
    loud = melody.loudness(voice, FPS)
    with av.open(str(path), "w", format="webm", container_options=_front(seconds)) as out:
        video = out.add_stream("libvpx", rate=FPS)
        assert isinstance(video, VideoStream)
        video.width, video.height, video.pix_fmt, video.bit_rate = 640, 360, "yuv420p", LOW_BPS
        video.options = {"deadline": "realtime", "cpu-used": "12", "g": str(4 * FPS)}
        sound = _sound(out.add_stream("libopus", rate=melody.SAMPLE_RATE_HZ, layout="mono"), VOICE_BPS)
        for n in range(seconds * FPS):
            if n % FPS == 0:
                pixels = np.asarray(Image.fromarray(picture.at(n / FPS, float(loud[n]))).resize((640, 360)))
            frame = VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = n, Fraction(1, FPS)
            out.mux(video.encode(frame))
            while written + BLOCK <= min((n + 1) * melody.SAMPLE_RATE_HZ // FPS, len(voice)):
                out.mux(sound.encode(_block(voice, written)))
                written += BLOCK
        out.mux(video.encode(None))
        out.mux(sound.encode(None))
    return msgspec.structs.replace(_rendition(path, "lecturer", "video/webm", len(voice)), width=640, height=360)


def _front(seconds: int) -> dict[str, str]:
    return {"reserve_index_space": str(4096 + 24 * seconds), "cluster_time_limit": "5000"}


def _sound(stream: AudioStream, bps: int) -> AudioStream:
    stream.bit_rate = bps
    stream.options = {"frame_duration": "60", "application": "voip"}
    return stream


def _block(voice: melody.Samples, at: int) -> AudioFrame:
    samples = (voice[at : at + BLOCK] * 24_000).astype(np.int16)[None, :]
    frame = AudioFrame.from_ndarray(samples, format="s16", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = melody.SAMPLE_RATE_HZ, at, Fraction(1, melody.SAMPLE_RATE_HZ)
    return frame


def _rendition(path: Path, name: str, mime: str, samples: int) -> Rendition:
    data = path.read_bytes()
    duration_ms = samples * 1000 // melody.SAMPLE_RATE_HZ
    return Rendition(name, path.name, mime, len(data), duration_ms, sha256=hashlib.sha256(data).hexdigest())


def _page(folder: Path, page: int, pages: int) -> PageFile:
    picture = Image.new("RGB", (1280, 720), (250, 250, 247))
    pen, font = ImageDraw.Draw(picture), chinese_fonts(font_folders())[0]
    pen.rectangle((64, 70, 76, 140), fill=(7, 94, 76))
    pen.text((104, 66), _title(page), (20, 32, 27), ImageFont.truetype(font, 60))
    small = ImageFont.truetype(font, 34)
    for line in range(7):
        pen.text((104, 200 + 66 * line), TEXT[line : line + 30], (20, 32, 27), small)
    pen.text((1120, 650), f"{page} / {pages}", (66, 81, 74), small)
    made = io.BytesIO()
    picture.save(made, "webp", quality=75)
    digest = hashlib.sha256(made.getvalue()).hexdigest()
    (folder / "pages" / f"{digest}.webp").write_bytes(made.getvalue())
    return PageFile(page, _title(page), TEXT, f"pages/{digest}.webp", len(made.getvalue()), digest, 1280)


def _sprite(folder: Path, seconds: int) -> Sprite:
    count, columns = max(1, seconds // SPRITE_S), 8
    rows = -(-count // columns)
    sheet = Image.new("RGB", (columns * 160, rows * 90))
    picture = LessonPicture()
    for n in range(count):
        small = Image.fromarray(picture.at(n * SPRITE_S, 0.3)).resize((160, 160 * HEIGHT // WIDTH))
        sheet.paste(small, (n % columns * 160, n // columns * 90))
    sheet.save(folder / "sprite.webp", "webp", quality=60)
    return Sprite("sprite.webp", columns, rows, 160, 90, SPRITE_S * 1000)


def _peaks(folder: Path, voice: melody.Samples) -> str:
    per = round(PEAK_S * melody.SAMPLE_RATE_HZ)
    loud = np.abs(voice[: len(voice) // per * per]).reshape(-1, per).max(axis=1)
    (folder / "peaks.bin").write_bytes((np.clip(loud, 0, 1) * 255).astype(np.uint8).tobytes())
    return "peaks.bin"


def _captions(seconds: int) -> str:
    starts = range(1, seconds - 5, 5)
    cues = [f"{_stamp(at)} --> {_stamp(at + 4)}\n{_title(at // 5)}：{TEXT[: 12 + at % 9]}" for at in starts]
    return "WEBVTT\n\n" + "\n\n".join(cues) + "\n"


def _stamp(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.000"
