"""What the app's own page and handlers say, taken down for a page that has no server to ask."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import gradio as gr
from gradio.blocks import BlockFunction

from app import pictures

# what `app.widgets.widget` starts its kind with: the name, the constants, the events
OWN = re.compile(r'lab\.start\("(\w+)", (\{.*\}), \[[^\[\]]*\], element, props, trigger, watch\);')
KEPT = {  # what a part of the page needs to know of itself; the rest of Gradio's properties say nothing here
    *("elem_id", "elem_classes", "visible", "scale", "min_width", "value", "label", "open", "id", "choices"),
    *("minimum", "maximum", "step", "equal_height", "show_label"),
}
DRAWN = {  # the kinds of components that assets/static/fields.js can draw, and those that only hold a value
    *(
        "row",
        "column",
        "form",
        "tabs",
        "tabitem",
        "accordion",
        "html",
        "markdown",
        "button",
        "slider",
        "radio",
    ),
    *("checkbox", "number", "state", "textbox"),
}


class Taken:
    """The lab's page as data: components, layout, listeners, and a table of the scripts that these name."""

    def __init__(
        self,
        demo: gr.Blocks,
        views: Sequence[str],
        cards: Sequence[str],
        parts: Sequence[str],
        models: Sequence[str],
    ) -> None:
        """`cards` and `parts` name what is left out, the former with the cards that it stands in."""
        self.config = demo.get_config_file()
        self.scripts: list[str] = []  # of listeners
        self._kinds = {found["id"]: found for found in self.config["components"]}
        self._views, self._models = {f"tab-{view}" for view in views}, set(models)
        self._cards, self._parts = set(cards), set(parts)
        self.layout = self._kept(self.config["layout"])
        self._there = set(_ids(self.layout)) | {
            i for i, found in self._kinds.items() if found["type"] == "state"
        }
        self.components = [self._component(i) for i in sorted(self._there) if i in self._kinds]
        self.listeners = [self._listener(found) for found in self.config["dependencies"]]

    def page(self) -> dict[str, Any]:
        """What assets/static/host.js starts with."""
        return {"components": self.components, "layout": self.layout, "listeners": self.listeners}

    def _kept(self, node: dict) -> dict:
        """The layout without what has no place on this page."""
        children = [self._kept(child) for child in node.get("children") or [] if self._stays(child)]
        return {"id": node["id"], "children": children}

    def _stays(self, node: dict) -> bool:
        found = self._kinds[node["id"]]
        name = self._name(node)
        if found["type"] == "tabitem":
            return (
                name in self._views if name.startswith("tab-") else bool(found["props"].get("visible", True))
            )
        card = "lab-card" in " ".join(found["props"].get("elem_classes") or [])
        without = card and any(self._name(child) in self._cards for child in _nodes(node))
        return found["type"] in DRAWN and name not in self._parts and not without

    def _name(self, node: dict) -> str:
        return self._kinds[node["id"]]["props"].get("elem_id") or "" if node["id"] in self._kinds else ""

    def _component(self, part: int) -> list:
        found = self._kinds[part]
        given = found["props"]
        props = {name: given[name] for name in KEPT & given.keys() if given[name] is not None}
        if found["type"] == "state":
            props = {}
        if found["type"] == "radio" and (props.get("elem_id") or "").endswith("-model"):
            props["choices"] = [choice for choice in props["choices"] if choice[1] in self._models]
        match = OWN.fullmatch(given.get("js_on_load") or "")
        if match:
            props["kind"], props["own"] = match[1], json.loads(match[2])
            props["template"] = given["html_template"]
        return [part, found["type"], props]

    def _listener(self, found: dict) -> dict:
        """Of a listener what the page can do by itself: its JavaScript; what the server answers is left to the views."""
        js = found["js"] if not found["backend_fn"] else None
        return {
            "id": found["id"],
            "targets": [list(target) for target in found["targets"] if target[0] in self._there],
            "inputs": found["inputs"],
            "outputs": found["outputs"],
            "js": None if js is None else _numbered(self.scripts, js),
            "after": found["trigger_after"],
        }


def _nodes(node: dict) -> Iterable[dict]:
    yield node
    for child in node.get("children") or []:
        yield from _nodes(child)


def _ids(node: dict) -> Iterable[int]:
    return (child["id"] for child in _nodes(node))


def _numbered(table: list[str], text: str) -> int:
    if text not in table:
        table.append(text)
    return table.index(text)


def opening(demo: gr.Blocks, slug: str, query: str) -> list[list]:
    """What the view of that name shows when a link with this query opens it: (part, value or update), as pages get it."""
    (part,) = [i for i, block in demo.blocks.items() if getattr(block, "elem_id", None) == f"{slug}-address"]
    (found,) = [fn for fn in demo.fns.values() if (part, "restore") in fn.targets]
    answered = _answered(demo, found, f"?view={slug}&{query}")
    with ThreadPoolExecutor(1) as alone:  # where a notebook calls this, an event loop runs already
        return alone.submit(asyncio.run, answered).result()


async def _answered(demo: gr.Blocks, found: BlockFunction, search: str) -> list[list]:
    given = [search if isinstance(block, gr.Textbox) else pictures.FIRST_PICTURE for block in found.inputs]
    values = found.fn(*given)
    sent = await demo.postprocess_data(found, values, None)
    return [
        [block._id, value]
        for block, value in zip(found.outputs, sent)
        if not isinstance(block, gr.State) and not _is_skipped(value)
    ]


def _is_skipped(value: Any) -> bool:
    return isinstance(value, dict) and value.get("__type__") == "update" and len(value) == 1
