"""Every endpoint × argument × strange value answers with a sentence or with a right answer, never with an error of ours."""

import inspect
import json
import math
import re
import urllib.error
import urllib.request

import gradio as gr
import pytest

from app import shell

pytestmark = pytest.mark.usefixtures("float32")

STRANGE = {
    "list": [],
    "object": {},
    "object with a key": {"a": 1},
    "none": None,
    "nan": math.nan,
    "infinity": -math.inf,
    "text": "cats",
    "10 MB": "x" * 10_000_000,
    "2.0": 2.0,
    "12.5": 12.5,
    "true": True,
    "list of lists": [[1], [2]],
    "many": list(range(5000)),
    "huge": 10**30,
    "negative": -1,
    "address": "data:image/png;base64,AAAA",
}
QUICK = {"count": 12, "steps": 1}  # so that a value that happens to be allowed is answered soon
CALLED = {  # arguments without which an endpoint has nothing to do
    "generate": {"seeds": [3]},
    "compose_styles": {"photo": "china", "weights": {"candy": 0.5}},
    "plane": {"x": [0.5, 1.0], "y": [1.0, 0.0]},
}
FNS = {fn.api_name: fn.fn for fn in shell.build_app().fns.values() if fn.api_visibility == "public" and fn.fn}
ARGUMENTS = [(name, argument) for name, fn in FNS.items() for argument in inspect.signature(fn).parameters]


def good(name: str) -> dict:
    """Arguments that work."""
    found = {}
    for argument, parameter in inspect.signature(FNS[name]).parameters.items():
        given = CALLED.get(name, {}).get(argument, QUICK.get(argument, parameter.default))
        if given is not inspect.Parameter.empty:
            found[argument] = given
    return found


def test_all_views_have_their_endpoint():
    assert {
        "plane",
        "interpolate",
        "spectrum",
        "compose_styles",
        "generate",
        "project",
        "latent_pca",
    } == FNS.keys()


@pytest.mark.parametrize("name", FNS)
def test_good_arguments_are_answered_with_json(name):
    assert json.dumps(FNS[name](**good(name)), allow_nan=False)


@pytest.mark.parametrize(("name", "argument"), ARGUMENTS, ids=[".".join(pair) for pair in ARGUMENTS])
def test_strange_values_get_a_sentence_or_an_answer(name, argument):  # fault 31
    for value in STRANGE.values():
        try:
            answer = FNS[name](**good(name) | {argument: value})
        except gr.Error as error:
            assert re.fullmatch(r"(?s)\S.{10,400}[.]", error.message), error.message
            assert not error.print_exception
        else:
            assert json.dumps(answer, allow_nan=False)


@pytest.mark.parametrize("name", FNS)
def test_every_argument_is_documented(name):
    documented = inspect.getdoc(FNS[name])
    assert "Returns:" in documented and len(documented.partition("\n")[0]) > 20
    for argument in inspect.signature(FNS[name]).parameters:
        assert re.search(rf"^ *{argument}: \S", documented, re.MULTILINE)


@pytest.mark.parametrize("name", FNS)
def test_over_http_a_strange_value_is_a_sentence_too_and_the_log_stays_clean(name, server):
    arguments = list(inspect.signature(FNS[name]).parameters)
    before = len(server.complaints())
    for value in ([], {}, None, "cats", 12.5):
        data = list({**dict.fromkeys(arguments), **good(name), arguments[0]: value}.values())
        body = json.dumps({"data": data}).encode()
        request = urllib.request.Request(
            f"{server.url}gradio_api/run/{name}", body, {"Content-Type": "application/json"}
        )
        try:
            urllib.request.urlopen(request, timeout=120).close()
        except urllib.error.HTTPError as error:
            said = json.loads(error.read())
            assert said.get("error"), (name, value, said)
    assert server.complaints()[before:] == []
