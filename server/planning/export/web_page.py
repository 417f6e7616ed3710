"""A paper as one web page with everything inside: opens from a stick, prints well, loads nothing."""

from __future__ import annotations

from base64 import b64encode
from html import escape

from server.planning.export.formulas import mathml
from server.planning.export.paper import Block, Cell, Formula, Heading, PageBreak, Paper, Paragraph, Picture, Run, Table

_STYLE = """
body{max-width:46rem;margin:0 auto;padding:2rem 1.2rem 4rem;color:#1d2129;background:#fff;line-height:1.75;
font-family:"PingFang SC","Microsoft YaHei","Noto Sans CJK SC","WenQuanYi Zen Hei",sans-serif}
h1{text-align:center;font-size:1.8rem;line-height:1.35}h2{font-size:1.3rem;margin-top:2em}h3{font-size:1.1rem}
.facts,.note,footer{color:#5a6270;font-size:.9rem}.facts{text-align:center}blockquote{margin:0 0 0 1rem;color:#5a6270}
table{border-collapse:collapse;width:100%;margin:1em 0}td,th{border:1px solid #b8c0cc;padding:.4em .6em;
vertical-align:top;text-align:left}th{background:#f0f3f7}td p,th p{margin:0}img{max-width:100%}pre{white-space:pre-wrap}
.entry{margin:.2em 0;display:flex;gap:.5em}footer{margin-top:3rem;border-top:1px solid #b8c0cc;padding-top:.6rem}
@media print{section{break-before:page}body{padding:0}}
"""


def write_web_page(paper: Paper) -> str:
    """Return the paper as an HTML file."""
    facts = "".join(f'<p class="facts">{escape(fact)}</p>' for fact in paper.facts)
    body, is_open = [], False
    for block in paper.blocks:
        if isinstance(block, PageBreak):
            body.append(f"{'</section>' if is_open else ''}<section>")
            is_open = True
        else:
            body.append(_block(block))
    end = "</section>" if is_open else ""
    footer = f"<footer>{escape(paper.footer)}</footer>" if paper.footer else ""
    return (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        # Nothing runs and nothing is fetched, whatever somebody typed into a plan.
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; '
        "style-src 'unsafe-inline'\">"
        f"<title>{escape(paper.title)}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{escape(paper.title)}</h1>{facts}{''.join(body)}{end}{footer}</body></html>"
    )


def _block(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"<h{level + 1}>{escape(text)}</h{level + 1}>"
        case Paragraph():
            return _paragraph(block)
        case Formula(latex):
            return f'<p style="text-align:center">{_formula(latex, True)}</p>'
        case Picture():
            return _picture(block)
        case Table():
            rows = ("".join(_cell(cell) for cell in row) for row in block.rows)
            return f"<table>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"
        case PageBreak():
            return ""


def _paragraph(block: Paragraph) -> str:
    text = "".join(_run(run) for run in block.runs)
    if block.bullet:
        return (
            f'<div class="entry" style="margin-left:{1.4 * block.indent}em"><span>{escape(block.bullet)}</span>'
            f"<span>{text}</span></div>"
        )
    tag = {"quote": "blockquote", "code": "pre"}.get(block.style, "p")
    style = f' style="margin-left:{1.4 * block.indent}em"' if block.indent else ""
    return f"<{tag}{' class=note' if block.style == 'note' else ''}{style}>{text}</{tag}>"


def _run(run: Run) -> str:
    if run.is_formula:
        return _formula(run.text, False)
    text = escape(run.text).replace("\n", "<br>")
    marks = ((run.bold, "strong"), (run.italic, "em"), (run.underline, "u"), (run.strike, "s"))
    for is_on, tag in marks:
        text = f"<{tag}>{text}</{tag}>" if is_on else text
    return f'<a href="{escape(run.link)}" rel="noreferrer">{text}</a>' if run.link else text


def _formula(latex: str, is_block: bool) -> str:
    text = mathml(latex)
    if text is None:
        return f"<code>{escape(latex)}</code>"
    return text.replace('display="inline"', 'display="block"', 1) if is_block else text


def _picture(block: Picture) -> str:
    kind = _kind(block.data)
    if not kind:
        return f'<p class="note">［图：{escape(block.alt or "无法显示")}］</p>'
    data = b64encode(block.data).decode()
    return f'<p><img alt="{escape(block.alt)}" src="data:{kind};base64,{data}"></p>'


def _kind(data: bytes) -> str:
    """Return a picture's type by its first bytes; other files are not shown."""
    if data.startswith(b"\x89PNG"):
        return "image/png"
    if data.startswith(b"\xff\xd8"):
        return "image/jpeg"
    return "image/webp" if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else ""


def _cell(cell: Cell) -> str:
    tag = "th" if cell.is_head else "td"
    span = "".join(f' {name}="{n}"' for name, n in (("colspan", cell.columns), ("rowspan", cell.rows)) if n > 1)
    return f"<{tag}{span}>{''.join(_block(block) for block in cell.blocks)}</{tag}>"
