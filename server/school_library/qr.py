"""A QR code as SVG."""

from __future__ import annotations

import io

import segno


def qr_svg(text: str) -> str:
    """Return the QR code of `text`, at error correction level M, black on white whatever the page's ground."""
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(out, kind="svg", border=4, scale=4, xmldecl=False, light="#fff")
    return out.getvalue().decode()
