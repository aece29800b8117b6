"""Settings: one declaration gives check, sentence, link both ways and documentation; listeners go by name."""

import math
from dataclasses import dataclass

import gradio as gr
import numpy as np
import pytest

from app.kinds import ByName, Choice, Flag, Maybe, Number, Several, Shared, Subset, Text, Whole
from app.listening import by_name, gathered, listen, of_standing, refusing, spread
from app.settings import Settings, query_of, setting

KINDS = {
    "number": Number(-2, 2),
    "whole": Whole(lambda: 1, lambda: 128),
    "word": Choice(("moons", "rings")),
    "count": Choice(lambda: (2, 3)),
    "flag": Flag(),
    "maybe": Maybe(Whole(0, 9), "any"),
    "pair": Several(Number(-1, 1), 2, 2, "numbers"),
    "some": Subset(("grid", "data")),
    "by name": ByName(Number(0, 1), lambda: ("mosaic", "candy")),
    "token": Text(40),
    "shared": Shared(Choice(("moons", "trained")), lambda name: name == "moons", "moons"),
}
GOOD = {
    "number": [(1, 1.0), (np.float32(0.5), 0.5), (-2, -2.0)],
    "whole": [(2.0, 2), (np.int64(7), 7), (128, 128)],
    "word": [("rings", "rings")],
    "count": [(2, 2), (3.0, 3)],
    "flag": [(True, True)],
    "maybe": [(None, None), ("any", None), (3.0, 3)],
    "pair": [([0, 1], (0.0, 1.0))],
    "some": [(["data", "grid", "cat"], ("grid", "data")), ([], ())],
    "by name": [
        ({"candy": 1}, {"candy": 1.0}),
        ({}, {}),
        ({"mosaic": 0.5, "candy": 0}, {"mosaic": 0.5, "candy": 0.0}),
    ],
    "token": [("0f1e", "0f1e")],
    "shared": [("moons", "moons")],
}
STRANGE = [
    [],
    {},
    None,
    math.nan,
    math.inf,
    10**400,
    "text",
    "x" * 10_000_000,
    12.5,
    True,
    object(),
    [[1]],
    {"a": 1},
    b"\0",
]
ALLOWED = {"flag": [True], "maybe": [None], "some": [[], [[1]]], "by name": [{}], "token": ["text"]}


@pytest.mark.parametrize("name", KINDS)
def test_what_is_allowed_is_taken_as_the_program_wants_it(name):
    for value, wanted in GOOD[name]:
        found = KINDS[name].checked(value, "it")
        assert found == wanted and type(found) is type(wanted)


@pytest.mark.parametrize("name", KINDS)
def test_whatever_else_comes_is_refused_by_a_short_sentence_that_names_the_setting(name):  # fault 31
    for value in STRANGE:
        if any(value is allowed or value == allowed for allowed in ALLOWED.get(name, [])):
            continue
        with pytest.raises(ValueError, match=r"^it must be .*, got .*\.$") as caught:
            KINDS[name].checked(value, "it")
        assert len(str(caught.value)) < 300


@pytest.mark.parametrize("name", KINDS)
def test_words_are_read_back(name):
    for value, _ in GOOD[name]:
        taken = KINDS[name].take(value)
        assert KINDS[name].read(KINDS[name].words(taken)) == taken


def test_what_does_not_travel_is_taken_here_and_stays_out_of_links():
    kind = KINDS["shared"]
    assert kind.take("trained") == "trained" and kind.words("trained") == "moons"
    with pytest.raises(ValueError):
        kind.read("trained")


def test_numbers_of_a_link_are_brought_into_range():
    assert Number(-2, 2).read("1e400") == 2 and Whole(1, 9).read("-inf") == 1 and Whole(1, 9).read("4.7") == 4
    for kind in (Number(-2, 2), Whole(1, 9)):
        for text in ("nan", "x", ""):
            with pytest.raises(ValueError):
                kind.read(text)


@dataclass(frozen=True)
class Standing(Settings):
    """A toy view: two parts of one word, a model that a link leaves out, weights that must be as many as the words."""

    a: float = setting(Number(-2, 2), 0.5, link="w")
    b: float = setting(Number(-2, 2), 0.5, link="w")
    model: str = setting(Choice(("digits", "faces")), "digits", link="model", about="whose g", brief=True)
    names: tuple = setting(Several(Choice(("x", "y")), 1, 3, "names"), ("x",), link="n")
    token: str = ""

    def __post_init__(self) -> None:
        if self.model == "faces" and len(self.names) > 1:
            raise ValueError("faces take one name.")


def test_settings_of_one_key_are_parts_of_one_word_and_a_default_may_be_left_out():
    assert Standing(a=1.0, b=-0.25).link("toy") == "?view=toy&w=1,-0.25&n=x"
    assert Standing(model="faces").link("toy") == "?view=toy&w=0.5,0.5&model=faces&n=x"
    assert Standing.of_link(query_of("?w=1,-0.25&n=y,x")) == (
        Standing(a=1.0, b=-0.25, names=("y", "x")),
        True,
    )


def test_of_a_link_all_that_can_be_read_is_read():
    standing, whole = Standing.of_link({"w": "1", "n": "y", "model": "cats"})
    assert standing == Standing(names=("y",)) and not whole
    standing, whole = Standing.of_link({"model": "faces", "n": "x,y"})
    assert standing == Standing(model="faces") and not whole
    assert Standing.of_link({}, a=2.0) == (Standing(a=2.0), True)


def test_settings_that_do_not_agree_are_refused():
    with pytest.raises(ValueError, match="one name"):
        Standing.checked(model="faces", names=["x", "y"])


def test_an_object_of_the_page_is_read_by_name():
    assert Standing.of_value({"a": 1, "junk": object()}, "the toy") == Standing(a=1.0)
    for strange in STRANGE:
        if isinstance(strange, dict):
            continue
        with pytest.raises(ValueError, match="the toy must be an object"):
            Standing.of_value(strange, "the toy")


def test_every_setting_has_a_line_of_documentation():
    lines = Standing.arguments().splitlines()
    assert lines[0] == "a: a number from −2 to 2."
    assert lines[2] == "model: whose g, one of digits, faces."
    assert len(lines) == 4


def test_a_link_that_is_too_long_or_no_text_is_empty():
    assert (
        query_of("?" + "a=1&" * 400) == {} and query_of("?x=" + "y" * 99_999) == {} and query_of(None) == {}
    )


# --- listeners ---------------------------------------------------------------------------------------------
def test_values_go_in_and_out_by_name():
    named = {"rank": "slider", "weights": ["w1", "w2"]}
    assert gathered(named, [3, 0.1, 0.9]) == {"rank": 3, "weights": [0.1, 0.9]}
    assert spread(named, {"weights": [1, 2], "rank": 4}) == [4, 1, 2]
    assert spread(named, {"rank": 4})[1:] == [gr.skip()] * 2
    assert spread({"list": "state", "rank": "slider"}, {"list": [1, 2]})[0] == [1, 2]
    for wrong in ({"other": 1}, {"weights": [1]}):
        with pytest.raises(KeyError):
            spread(named, wrong)
    assert (
        by_name(named, "go(rank)") == "(...values) => { const [rank, , ] = values; go(rank); return values; }"
    )


def test_a_standing_is_made_of_controls_once_all_are_filled():
    handler = of_standing(Standing, lambda standing, broken: {"found": (standing.a, broken)})
    assert handler(a=1, b=2, broken=True) == {"found": (1.0, True)}
    assert handler(a=None, b=2, broken=True) == {} and handler(names=["x", None], broken=False) == {}


def test_the_switch_is_checked_like_a_setting():  # fault 31
    handler = of_standing(Standing, lambda standing, broken: {"found": broken})
    for strange in ([], {}, None, "yes", 1):
        with pytest.raises(ValueError, match="broken must be true or false"):
            handler(a=1, broken=strange)


def test_an_event_tells_its_values_by_name_and_a_strange_one_nothing():  # fault 31
    with gr.Blocks() as demo:
        button, shown = gr.Button(), gr.Textbox()
        listen(button.click, lambda event: {"shown": getattr(event, "id", None)}, {}, {"shown": shown})
    call = next(iter(demo.fns.values())).fn
    assert call(gr.EventData(None, {"id": "digits:3"})) == "digits:3"
    for strange in (None, math.nan, 3, "id", [], ["id"], {}):
        assert call(gr.EventData(None, strange)) is None


def test_a_refusal_is_what_the_visitor_reads_and_anything_else_is_not():
    with pytest.raises(gr.Error, match="one name") as caught, refusing():
        raise ValueError("one name")
    assert not caught.value.print_exception
    with pytest.raises(KeyError), refusing():
        raise KeyError("a mistake of ours")
