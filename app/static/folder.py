"""The folder of the lab without a server."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from app import pictures, shell, words
from app.lessons import languages, shelf
from app.models.needs import FACE
from app.panels.picker import page_value
from app.pictures import references
from app.serving import manifest
from app.static.carried import cloud_file, model_file
from app.static.packing import script
from app.static.recorded import Taken, opening
from app.static.said import said
from app.static.stops import walked
from app.theme import theme
from app.views.project.standing import Standing, grid_of
from app.widgets import ASSETS, PAGE_SCRIPTS, SPOKEN, asset, served, widget_scripts, widget_styles
from linearizer_core import files

MODELS = ("digits", "faces")
VIEWS = ("plane", "interpolate", "spectrum", "generate", "project", "latent_pca")
HOST = (
    *("carry", "host", "fields", "models", "algebra", "flow", "transport", "spectra", "spoiling"),
    *("stops", "view"),
)
WORKER = ("engine/plain", "engine/evaluate", "engine/worker", "static/grow")
SHEETS = ("static/static.css", "css/lab.css", "css/lesson.css")
TOUR = "tour"
CARDS = (
    "plane-trainer",
    "latent_pca-means",
    "spectrum-named",
)  # what the page cannot do, with the cards that these stand in
PARTS = (
    *("latent_pca-upload", "latent_pca-count", "latent_pca-data", "latent_pca-model", "own-model"),
    *("teach", "teach-class", *(f"{view}-intake" for view in VIEWS)),
    *(f"{view}-python-fold" for view in VIEWS),
)
OPENINGS = {  # by view: a model, and the query of a link that the app opens for it
    "interpolate": {"": "", "digits": "model=digits", "faces": "model=faces"},
    "spectrum": {"": "", "digits": "model=digits", "faces": "model=faces"},
    "generate": {"": "", "digits": "model=digits", "faces": "model=faces"},
    "project": {"": "model=faces"},
    "latent_pca": {"": "model=digits", "3": "model=digits&d=3"},
    "plane": {"": ""},
}
LATER = {  # large pictures that the page itself makes anew when such a model is opened
    "interpolate faces": ("film",),
    "generate faces": ("grid", "path", "stage", "x1", "x2", "film"),
    "project ": ("grid-x", "grid-once", "grid-twice"),
}
ONLY = {"latent_pca 3": ("scatter", "verdict")}  # what of an opening the page asks for


def write(folder: Path) -> list[Path]:
    """Writes the lab for `MODELS` into the folder; the paths. Relative addresses only, and nothing of another host."""
    found = contents()
    written = {folder / name: content for name, content in found.items()}
    folder.mkdir(parents=True, exist_ok=True)
    files.write(written)
    return list(written)


def contents() -> dict[str, bytes]:
    """The files by their names."""
    demo = shell.build_app()
    taken = Taken(demo, VIEWS, CARDS, PARTS, MODELS)
    told = _told(demo, taken)
    found = {
        **{f"model-{name}.js": script(f"model-{name}", model_file(name)) for name in MODELS},
        "cloud.js": script("cloud", cloud_file()),
        "told.js": script("told", json.dumps(told, ensure_ascii=False, default=str).encode()),
        "plotly.js": script("plotly", served.LASTING.get(served.plotly_script())),
        "lab.js": _lab(taken).encode(),
        "lab.css": _style().encode(),
        "favicon.svg": (ASSETS / "favicon.svg").read_bytes(),
        **{f"icon-{name}.png": manifest.icon(name) for name in manifest.NAMES},
        manifest.MANIFEST: json.dumps(
            manifest.manifest({n: f"icon-{n}.png" for n in manifest.NAMES})
        ).encode(),
        "index.html": _page().encode(),
    }
    mark = hashlib.sha256(b"".join(found[name] for name in sorted(found))).hexdigest()[:12]
    kept = ["./", *(name for name in found if name != "index.html")]
    start = f"self.KEPT = {json.dumps({'name': f'lab-{mark}', 'files': kept})};\n"
    return {**found, "service-worker.js": (start + asset("static/service_worker.js")).encode()}


def _told(demo: gr.Blocks, taken: Taken) -> dict[str, Any]:
    """All that assets/static/host.js starts with."""
    openings = {
        f"{view} {model}": _lean(demo, f"{view} {model}", opening(demo, view, query))
        for view, found in OPENINGS.items()
        for model, query in found.items()
    }
    sources = [*pictures.gallery(), "other"]
    tour, stops = walked(demo, shelf.lesson(TOUR), openings, MODELS, CARDS)
    told = {
        **taken.page(),
        "openings": openings,
        "pages": {source: page_value(source) for source in sources if source != "mnist"}
        | {FACE: page_value(FACE) | {"pictures": None}},
        "face_spread": references.FACE_SPREAD,
        "words": said(),
        "models": list(MODELS),
        "examples": {name: list(pictures.examples(name)) for name in MODELS},
        "views": list(VIEWS),
        "grids": {"faces": _grid("faces")},
        "lessons": {TOUR: {language: tour.told(language) for language in tour.words}},
        "stops": stops,
    }
    text = json.dumps(told, ensure_ascii=False, default=str)
    shelves = {name: served.LASTING.get(name) for name in _addresses(text + widget_scripts())}
    told["late"] = {
        name: content.decode()
        for name, content in shelves.items()
        if content and name != served.plotly_script()
    }
    told["plotly"] = served.plotly_script()
    told["kept"] = _pictures(text)
    return told


def _grid(model: str) -> dict[str, Any]:
    """What Project starts with."""
    first = Standing(picture=pictures.examples(model)[0], model=model).input
    return {"start": first.text, "entries": [entry.text for entry in grid_of(model)]}


def _lean(demo: gr.Blocks, name: str, found: list[list]) -> list[list]:
    """An opening without what the page makes itself."""
    view = name.split()[0]
    later, only = ({f"{view}-{part}" for part in table.get(name, ())} for table in (LATER, ONLY))
    called = {part: getattr(demo.blocks[part], "elem_id", "") for part, _ in found}
    return [[i, value] for i, value in found if called[i] not in later and (not only or called[i] in only)]


def _addresses(text: str) -> list[str]:
    return sorted(set(re.findall(rf"{served.PLACE}/[0-9a-f]+\.\w+", text)))


def _pictures(text: str) -> dict[str, str]:
    """The pictures that the text names by their addresses, as addresses that need nobody to answer."""
    found = {}
    for address in _addresses(text):
        content, kind = served.PICTURES.get(address), served.KINDS[address.rpartition(".")[2]]
        if content is not None:
            found[address] = f"data:{kind};base64,{base64.b64encode(content).decode()}"
    return found


def _lab(taken: Taken) -> str:
    """The page's script: the app's own, the host, what the listeners and the widgets run, the views."""
    engine = "\n".join(asset(f"{name}.js") for name in WORKER)
    kernel = base64.b64encode((ASSETS / "engine" / "kernel.wasm").read_bytes()).decode("ascii")
    worker = (
        f'globalThis.lab = {{ kernel: Uint8Array.from(atob("{kernel}"), (c) => c.charCodeAt(0)) }};\n{engine}'
    )
    parts = [
        *(asset(f"{name}") for name in PAGE_SCRIPTS),
        *(asset(f"static/{name}.js") for name in HOST),
        *(asset(f"static/views/{view}.js") for view in VIEWS),
        f"lab.page.scripts = [\n{','.join(taken.scripts)}\n];",
        f"lab.spoken = {json.dumps(SPOKEN)};",
        widget_scripts(),
        f"lab.worker = {json.dumps(worker)};",
        asset("static/start.js"),
    ]
    return "\n".join(parts)


def _style() -> str:
    """The page's sheet: the colours of the app's theme, the lab's own, what is Gradio's there, and each widget's."""
    colours = theme()._get_theme_css()
    colours = colours[colours.index(":root") :]  # before it stand fonts of the server's
    return "\n".join([colours, *map(asset, SHEETS), widget_styles()])


def _page() -> str:
    tables = json.dumps(languages.tables(), ensure_ascii=False).replace("<", "\\u003c")
    told = {
        "title": html.escape(words.TITLE),
        "tagline": html.escape(words.TAGLINE),
        "colour": manifest.COLOUR,
        "tables": tables,
    }
    page = asset("static/index.html")
    for name, text in told.items():
        page = page.replace(f"{{{{{name}}}}}", text)
    return page


def write_archive(written: Sequence[Path], archive: Path) -> None:
    """The files as a zip: unpack it and open index.html."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        for path in written:
            opened.write(path, f"linearizer-lab/{path.name}")
