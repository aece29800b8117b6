"""What visitors bring: how it is taken, what g sees of it, whether g knows such pictures, and what is refused."""

from types import SimpleNamespace

import pytest
import torch

from app import models, pictures, words
from app.panels import picker
from app.pictures import encoding, known
from app.widgets import intake

ADDRESS = "data:image/png;base64," + "{}"


def brought(reference: str) -> str:
    """A picture of the lab as a visitor's upload."""
    import base64

    content = encoding.png_bytes(pictures.pixels(reference))
    return ADDRESS.format(base64.b64encode(content).decode("ascii"))


@pytest.fixture
def way():
    made = picker.Picker(None, (), None, "whole", None)
    return lambda model=None, **told: made.way(SimpleNamespace(**told), model)


def test_a_drawing_is_a_digit_a_photo_what_the_view_takes_and_the_visitor_has_the_last_word(way):
    assert way(drawing=True) == "digit" and way(drawing=False) == "whole" and way() == "whole"
    assert way("faces", drawing=True) == "face"
    assert way("faces", drawing=True, taken="digit") == "digit"
    for strange in (None, 7, ["digit"], {}, "nonsense", float("nan")):
        assert way(taken=strange, drawing=strange) == "whole"


@pytest.mark.parametrize("model", models.NAMES)
def test_what_g_sees_is_the_picture_in_the_models_own_shape(model):
    value = picker.seen("digits:318", "digit", model)
    channels, height, width = models.shape(model)
    assert (value["seen"]["channels"], value["seen"]["height"], value["seen"]["width"]) == (
        channels,
        height,
        width,
    )
    assert value["taken"] == "digit" and value["notice"] == "" and value["far"] == (model == "faces")


def test_a_strange_model_is_the_first_and_one_that_is_gone_gets_a_sentence():
    for strange in (None, ["faces"], 3):
        assert picker.seen("digits:318", "digit", strange)["seen"]["channels"] == 1
    with pytest.raises(ValueError, match="not on this server"):
        picker.seen("digits:318", "digit", "nowhere")


def test_two_refusals_in_the_same_words_are_two_values():
    first, second = intake.refused(words.NO_INK), intake.refused(words.NO_INK)
    assert first != second and {**first, "turn": 0} == {**second, "turn": 0}


@pytest.mark.parametrize("model", ["digits", "digits-projector"])
def test_g_knows_digits_and_nothing_that_is_none(model):
    digits = [known.times(reference, model) for reference in pictures.page("digits")]
    others = [
        known.times(reference, model) for reference in (*pictures.page("other"), *pictures.page("face")[:6])
    ]
    assert sum(times <= 1 for times in digits) >= 0.9 * len(digits)
    assert sum(times > 1 for times in others) >= 0.95 * len(others)


def test_g_of_faces_knows_faces_and_no_digits():
    assert max(known.times(reference, "faces") for reference in pictures.page("face")) < 1
    assert min(known.times(reference, "faces") for reference in pictures.page("digits")[:10]) > 1


def test_the_limits_are_measured_again_to_the_same(monkeypatch):
    """By the function that wrote them, here from pictures that ship: as far out as 99 in 100 of these."""
    x = pictures.tensor(pictures.page("digits"))
    found = known.measured("digits", (255 * x).to(torch.uint8), "digits that ship")
    monkeypatch.setattr(known, "limits", lambda: {"digits": found})
    again = [known.times(reference, "digits") for reference in pictures.page("digits")]
    assert found["count"] == len(x) and max(again) == pytest.approx(1, abs=0.15)


def test_the_limits_say_what_was_measured():
    assert known.limits().keys() == set(models.NAMES)
    for found in known.limits().values():
        assert found["count"] >= 1000 and found["pictures"] and all(limit > 0 for limit in found["beyond"])
        assert len(found["beyond"]) == 2


def test_a_digit_that_is_brought_along_stays_itself():
    reference = pictures.accept(brought("digits:318"), "digit")
    assert reference.startswith("png:") and known.times(reference, "digits") < 1


def test_names_say_what_is_seen():
    assert pictures.name_of("digits:318") == "a 3, no. 318"
    assert pictures.name_of("sample:8:1") == "an 8 drawn by the model, seed 1"
    assert pictures.name_of("sample::1") == "a digit drawn by the model, seed 1"
    assert pictures.name_of("face:3") == "a drawn face, seed 3"
    assert pictures.name_of("png:x") == pictures.name_of("jpg:x") == "your picture"
