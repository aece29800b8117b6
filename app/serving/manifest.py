"""What a browser needs to install the lab as an app: its manifest, and icons as PNG files.

Gradio makes both of the favicon, by code that cannot read SVG and would draw an icon of any size that is asked for. So
these answer in its place; assets/favicon.svg stays the one picture, drawn here by Pillow with its measures, so that no
program besides is needed and a package carries no pictures.
"""

from __future__ import annotations

import io
from functools import cache
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageDraw

from app import words

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

MANIFEST, ICON = "manifest.json", "pwa_icon"  # where Gradio's page looks for them
NAMES = ("192", "512", "512-maskable")
COLOUR = "#4f52d3"
FINER = 4  # times: drawn so much larger, then made small, which rounds its edges


@cache
def icon(name: str) -> bytes:
    """One of `NAMES` as a PNG file: assets/favicon.svg so many pixels wide; a maskable one is for phones that cut it out.

    >>> icon("192")[1:4]
    b'PNG'
    """
    side = int(name.partition("-")[0])
    unit = FINER * side / 32  # of the drawing, which is 32 wide
    corner = 0 if name.endswith("maskable") else 8 * unit
    drawn = Image.new("RGBA", (FINER * side, FINER * side))
    pen = ImageDraw.Draw(drawn)
    pen.rounded_rectangle((0, 0, FINER * side - 1, FINER * side - 1), corner, COLOUR)
    pen.ellipse([v * unit for v in (5.8, 5.8, 26.2, 26.2)], outline="#fff", width=round(2.4 * unit))
    for ends in ((16, 9.5, 16, 22.5), (9.5, 16, 22.5, 16)):
        left, top, right, bottom = (v * unit for v in ends)
        half = 1.2 * unit
        pen.rounded_rectangle((left - half, top - half, right + half, bottom + half), half, "#fff")
    file = io.BytesIO()
    drawn.resize((side, side), Image.Resampling.BOX).save(file, "PNG", optimize=True)
    return file.getvalue()


def manifest(addresses: dict[str, str]) -> dict[str, Any]:
    """The web app manifest, for icons that lie at these addresses, by `NAMES`."""
    icons = [
        {
            "src": addresses[name],
            "sizes": "x".join(2 * [name.partition("-")[0]]),
            "type": "image/png",
            "purpose": name.partition("-")[2] or "any",
        }
        for name in NAMES
    ]
    return {
        "name": words.TITLE,
        "short_name": words.TITLE,
        "description": words.TAGLINE,
        "start_url": "./",
        "scope": "./",
        "display": "standalone",
        "background_color": "#0e1118",
        "theme_color": COLOUR,
        "icons": icons,
    }


def _manifest(request: Request) -> Response:
    from starlette.responses import JSONResponse

    found = manifest({name: f"{ICON}/{name}" for name in NAMES})
    return JSONResponse(found, media_type="application/manifest+json")


def _icon(request: Request) -> Response:
    """A small one where no size is asked for; a size that no manifest names is not drawn."""
    from starlette.responses import Response

    name = request.path_params.get("name", NAMES[0])
    if name not in NAMES:
        return Response(status_code=404)
    return Response(icon(name), media_type="image/png", headers={"Cache-Control": "max-age=86400"})


def routes() -> list[Route]:
    """Both, in the place of Gradio's."""
    from starlette.routing import Route

    return [Route(f"/{MANIFEST}", _manifest), Route(f"/{ICON}", _icon), Route(f"/{ICON}/{{name}}", _icon)]
