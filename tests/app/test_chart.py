"""Charts without a browser: what figures hold, and how scripts and sheets of thumbnails are served."""

import re
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import numpy as np
import plotly
import plotly.graph_objects as go
import pytest

from app import shell, words
from app.widgets import script_of, served, widget_scripts
from app.widgets.chart import SCRIPTS, Chart, charts, curves, figure, read


def answer(address: str):
    name = address.removeprefix(f"{served.PLACE}/")
    return served.answer(SimpleNamespace(path_params={"name": name}))


def test_plotlys_own_script_is_served_for_ever():
    script = Path(plotly.__file__).with_name("package_data").joinpath("plotly.min.js").read_bytes()
    found = answer(served.plotly_script())
    assert found.body == script and "immutable" in found.headers["cache-control"]
    assert found.media_type.startswith("text/javascript")


@pytest.mark.parametrize("address", ["x.js", "../app/shell.py", "no-such.png", ""])
def test_what_is_not_on_the_shelf_is_not_found(address):
    assert answer(f"{served.PLACE}/{address}").status_code == 404


def test_an_address_tells_the_content_and_the_oldest_goes_first():
    shelf = served.Shelf(most=5)
    first = shelf.put(b"abc", "png")
    assert shelf.put(b"abc", "png") == first and shelf.put(b"abd", "png") != first
    assert shelf.get(first) is None  # six bytes are too many
    assert answer(served.PICTURES.put(b"here", "png")).body == b"here"


def test_the_servers_own_routes_are_part_of_every_start():
    paths = [route.path for route in shell.launch_settings()["app_kwargs"]["routes"]]
    assert f"/{served.PLACE}/{{name}}" in paths


def test_the_page_carries_neither_plotly_nor_the_charts_script_and_knows_their_events():
    with gr.Blocks():
        chart = Chart(elem_id="a-chart", label="a chart")
    assert len(chart.js_on_load) < 1500
    script = next(line for line in widget_scripts().splitlines() if line.startswith("lab.lately('chart'"))
    first, late = re.findall(rf"{served.PLACE}/\w+\.js", script)
    assert first == served.plotly_script()
    assert script_of("chart", SCRIPTS) in served.LASTING.get(late).decode("utf-8")
    assert callable(chart.pick) and callable(chart.taken)


def test_arrays_travel_as_bytes_and_colours_as_names_of_the_theme():
    trace = go.Scattergl(
        x=np.arange(3, dtype=np.float32), y=np.ones(3, np.float32), marker={"color": "var(--lab-good)"}
    )
    value = read(charts([figure([trace], "first")], "Two Words", ["t"], ["n"]))
    (drawn,) = value["figures"][0]["data"]
    assert drawn["x"]["dtype"] == "f4" and drawn["marker"]["color"] == "var(--lab-good)"
    assert (value["name"], value["titles"], value["notes"], value["linked"]) == (
        "two-words",
        ["t"],
        ["n"],
        None,
    )
    assert value["figures"][0]["layout"]["uirevision"] == "first"


def test_a_long_curve_is_thinned_evenly_on_its_logarithmic_axis():
    values = 1 / np.arange(1.0, 1025)
    lines = [(values, "a", "induced", False), ([2.0, 0.0, 1.0], "b", "quiet", True)]
    line, other = read(curves(lines, "c"))["figures"][0]["data"]
    assert line["x"][0] == 1 and line["x"][-1] == 1024 and len(line["x"]) < 170
    np.testing.assert_allclose(line["y"], values[np.array(line["x"]) - 1])
    assert (other["x"], other["line"]["dash"]) == ([1, 3], "dash")


def test_every_word_that_the_charts_script_asks_for_is_there():
    asked = set(re.findall(r"own\.words\.(\w+)", script_of("chart", SCRIPTS)))
    assert asked == words.CHART.keys()
