"""The demonstration's pages: 光的折射 for the fifth grade, drawn by code as SVG of 1600 × 900.

Read from 8 m: no letter is smaller than 40 px at 1600 px width (48 px on a 1080p wall). System Chinese fonts only.
"""

from __future__ import annotations

from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 1600, 900
FONTS = "'PingFang SC','Microsoft YaHei','Noto Sans CJK SC','WenQuanYi Zen Hei',sans-serif"
INK, SOFT, ACCENT, RAY = "#1b2a3d", "#4a5b70", "#0b6e8f", "#d9480f"
PAPER, WATER, WATER_LINE, SUN = "#fdfcf8", "#cfe8f3", "#5aa9c7", "#f6c445"


@dataclass(frozen=True)
class DrawnPage:
    """One page: its title (a chapter of the recording) and its picture."""

    title: str
    svg: str


def _text(x: float, y: float, size: int, words: str, fill: str = INK, anchor: str = "start", weight: int = 400) -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size}" fill="{fill}" text-anchor="{anchor}" '
        f'font-weight="{weight}">{escape(words)}</text>'
    )


def _line(x1: float, y1: float, x2: float, y2: float, stroke: str, width: float = 6, extra: str = "") -> str:
    return (
        f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" stroke="{stroke}" stroke-width="{width:g}" '
        f'stroke-linecap="round" {extra}/>'
    )


def _ray(x1: float, y1: float, x2: float, y2: float, colour: str = RAY) -> str:
    """Draw a ray of light with its arrow in the middle."""
    middle_x, middle_y = x1 + (x2 - x1) * 0.56, y1 + (y2 - y1) * 0.56
    length = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5
    ux, uy = (x2 - x1) / length * 26, (y2 - y1) / length * 26
    points = (
        f"{middle_x + ux:g},{middle_y + uy:g} {middle_x - ux * 0.4 - uy * 0.6:g},{middle_y - uy * 0.4 + ux * 0.6:g} "
    )
    points += f"{middle_x - ux * 0.4 + uy * 0.6:g},{middle_y - uy * 0.4 - ux * 0.6:g}"
    return _line(x1, y1, x2, y2, colour, 9) + f'<polygon points="{points}" fill="{colour}"/>'


def _page(number: int, title: str, body: str, heading: bool = True) -> DrawnPage:
    head = ""
    if heading:
        head = f'<rect x="80" y="78" width="14" height="72" rx="7" fill="{ACCENT}"/>' + _text(
            122, 138, 68, title, INK, weight=700
        )
    foot = _text(1520, 856, 40, f"{number} / {_COUNT}", SOFT, "end")
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'font-family="{FONTS}"><rect width="{WIDTH}" height="{HEIGHT}" fill="{PAPER}"/>{head}{body}{foot}</svg>'
    )
    return DrawnPage(title, svg)


_COUNT = 6


def _cover() -> DrawnPage:
    body = (
        f'<rect y="560" width="{WIDTH}" height="340" fill="{WATER}"/>'
        + _line(0, 560, WIDTH, 560, WATER_LINE, 6)
        + f'<circle cx="1340" cy="150" r="84" fill="{SUN}"/>'
        + _ray(1270, 222, 1010, 560)
        + _ray(1010, 560, 890, 860)
        + _line(1010, 400, 1010, 860, SOFT, 4, 'stroke-dasharray="4 18"')
        + _text(110, 300, 150, "光的折射", INK, weight=700)
        + _text(116, 396, 56, "光走到水面，为什么会拐弯？", SOFT)
        + _text(116, 690, 52, "五年级科学", ACCENT, weight=700)
        + _text(116, 764, 46, "春城实验小学  周明远", INK)
        + _text(116, 828, 42, "红星小学 · 河口小学 · 青山教学点", SOFT)
    )
    return _page(1, "光的折射", body, heading=False)


def _question() -> DrawnPage:
    glass = (
        '<path d="M210 300 L250 800 H610 L650 300" fill="none" stroke="#8aa0b5" stroke-width="10" '
        'stroke-linejoin="round"/>'
        f'<path d="M224 470 L250 793 H610 L636 470 Z" fill="{WATER}"/>'
        + _line(224, 470, 636, 470, WATER_LINE, 6)
        + _line(640, 210, 492, 470, "#a3662a", 22)
        + _line(466, 470, 336, 770, "#a3662a", 22, 'opacity="0.8"')
    )
    body = (
        glass
        + _text(760, 330, 58, "把筷子斜插进水里，", INK)
        + _text(760, 420, 58, "它看上去“折断”了。", INK)
        + _text(760, 550, 58, "筷子真的断了吗？", RAY, weight=700)
        + _text(760, 640, 50, "和同桌说说你的猜想，", SOFT)
        + _text(760, 710, 50, "再把筷子拿出来看一看。", SOFT)
    )
    return _page(2, "想一想：筷子“折断”了？", body)


def _experiment() -> DrawnPage:
    body = (
        f'<rect x="80" y="520" width="940" height="320" rx="18" fill="{WATER}"/>'
        + _line(80, 520, 1020, 520, WATER_LINE, 6)
        + _line(550, 240, 550, 820, SOFT, 4, 'stroke-dasharray="4 18"')
        + _ray(250, 236, 550, 520)
        + _ray(550, 520, 745, 820)
        + f'<path d="M463 438 A120 120 0 0 1 550 400" fill="none" stroke="{INK}" stroke-width="6"/>'
        + f'<path d="M619 626 A126 126 0 0 1 550 646" fill="none" stroke="{INK}" stroke-width="6"/>'
        + _text(538, 336, 44, "入射角", INK, "end", 700)
        + _text(656, 640, 44, "折射角", INK, weight=700)
        + _text(120, 490, 46, "空气", SOFT)
        + _text(120, 590, 46, "水", ACCENT)
        + _text(566, 280, 40, "法线", SOFT)
        + _text(1080, 310, 50, "1  用激光笔斜着", INK)
        + _text(1134, 376, 50, "照向水面", INK)
        + _text(1080, 480, 50, "2  看光在水里", INK)
        + _text(1134, 546, 50, "往哪边偏", INK)
        + _text(1080, 650, 50, "3  改变角度，", INK)
        + _text(1134, 716, 50, "再看一次", INK)
        + _text(1080, 806, 42, "不要照人的眼睛！", RAY, weight=700)
    )
    return _page(3, "做一做：光从空气进入水中", body)


def _rule() -> DrawnPage:
    rows = (
        ("斜着", "进入水中，光向法线偏折：", "折射角 < 入射角"),
        ("斜着", "从水里出来，光远离法线：", "折射角 > 入射角"),
        ("垂直", "射向水面，光不拐弯：", "方向不变"),
    )
    body = ""
    for index, (how, what, result) in enumerate(rows):
        y = 232 + index * 196
        body += (
            f'<rect x="80" y="{y}" width="1440" height="164" rx="22" fill="#ffffff" stroke="#d6dee6" stroke-width="4"/>'
            + f'<circle cx="168" cy="{y + 82}" r="44" fill="{ACCENT}"/>'
            + _text(168, y + 100, 52, str(index + 1), "#ffffff", "middle", 700)
            + _text(248, y + 100, 52, how, RAY, weight=700)
            + _text(368, y + 100, 52, what, INK)
            + _text(1480, y + 100, 56, result, ACCENT, "end", 700)
        )
    return _page(4, "我们发现的规律", body)


def _pond() -> str:
    return (
        f'<rect x="80" y="430" width="640" height="400" rx="18" fill="{WATER}"/>'
        + _line(80, 430, 720, 430, WATER_LINE, 6)
        + '<path d="M420 742 q70 -54 150 0 q-80 54 -150 0 z M570 742 l54 -36 v72 z" fill="#e07a2f"/>'
        + '<circle cx="452" cy="734" r="6" fill="#1b2a3d"/>'
        + '<path d="M420 594 q70 -54 150 0 q-80 54 -150 0 z M570 594 l54 -36 v72 z" fill="none" stroke="#e07a2f" '
        'stroke-width="5" stroke-dasharray="10 12"/>'
        + _ray(521, 720, 330, 430)
        + _ray(330, 430, 150, 262)
        + _line(330, 430, 500, 589, RAY, 4, 'stroke-dasharray="8 14"')
        + '<path d="M96 232 q44 -48 96 0 q-52 40 -96 0 z" fill="#ffffff" stroke="#1b2a3d" stroke-width="6"/>'
        + '<circle cx="144" cy="232" r="15" fill="#1b2a3d"/>'
    )


def _life() -> DrawnPage:
    body = (
        _pond()
        + _text(110, 806, 40, "真的鱼在更深处", INK)
        + _text(800, 300, 56, "池水看起来变浅了", INK, weight=700)
        + _text(800, 372, 46, "鱼反射的光出水时拐了弯，", SOFT)
        + _text(800, 436, 46, "我们以为鱼在虚线那里。", SOFT)
        + _text(800, 560, 56, "还有哪些是折射？", INK, weight=700)
        + _text(800, 636, 48, "放大镜   雨后彩虹   海市蜃楼", ACCENT)
        + _text(800, 756, 46, "看着浅的河水其实更深，", RAY, weight=700)
        + _text(800, 820, 46, "不要下河游泳！", RAY, weight=700)
    )
    return _page(5, "生活中的折射", body)


def _summary() -> DrawnPage:
    body = (
        _text(80, 280, 54, "光从空气斜着射入水中，传播方向会改变，", INK)
        + _text(80, 360, 54, "这种现象叫作光的折射。", INK)
        + _line(80, 430, 1520, 430, "#d6dee6", 4)
        + _text(80, 530, 54, "请举手回答", ACCENT, weight=700)
        + _text(80, 620, 52, "在杯底放一枚硬币，退到刚好看不见的地方；", INK)
        + _text(80, 696, 52, "慢慢倒进水，硬币又“浮”出来了。为什么？", INK)
        + _text(80, 806, 44, "课后：用一杯水和一支铅笔，把今天的发现讲给家人听。", SOFT)
    )
    return _page(6, "小结与思考", body)


PAGES = (_cover(), _question(), _experiment(), _rule(), _life(), _summary())
