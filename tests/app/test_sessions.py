"""What the server keeps of a visitor: little, and nothing is lost that Gradio asks for."""

import gradio as gr
import gradio.state_holder
import pytest

from app.serving import sessions
from app.serving.sessions import Session


@pytest.fixture(scope="module")
def page() -> gr.Blocks:
    with gr.Blocks() as demo:
        gr.Slider(0, 1, 0.5, elem_id="slider")
        gr.State(["kept"], time_to_live=60)
        gr.HTML("<p>text</p>")
    return demo


def block(page: gr.Blocks, kind: type):
    return next(found for found in page.blocks.values() if type(found) is kind)


def again(component: gr.components.Component, **changed: object):
    """A component as Gradio makes it from an answer that gives it other properties, or none."""
    return type(component)(**{**component.constructor_args, "render": False, **changed})


def test_gradio_makes_such_sessions(page):
    sessions.install()
    assert all(module.SessionState is Session for module in sessions.MAKERS)
    holder = gradio.state_holder.StateHolder()
    holder.set_blocks(page)
    assert type(holder["somebody"]) is Session and holder["somebody"] is holder["somebody"]


def test_no_configuration_is_kept(page):
    session, slider = Session(page), block(page, gr.Slider)
    session._update_value_in_config(slider._id, 0.7)
    session._update_config(slider._id)
    session[slider._id] = again(slider, maximum=2)
    assert list(session.components) == []


def test_a_component_is_replaced_only_where_more_than_its_value_differs(page):
    session, slider, text = Session(page), block(page, gr.Slider), block(page, gr.HTML)
    for component in (slider, text):
        session[component._id] = again(component, value=component.value)
        assert session[component._id] is component
    session[slider._id] = wider = again(slider, maximum=9)
    assert session[slider._id] is wider and session[slider._id].maximum == 9
    session[slider._id] = again(wider, value=3)
    assert session[slider._id] is wider
    assert block(page, gr.Slider) is slider and Session(page)[slider._id] is slider


def test_a_state_is_each_visitors_own_and_ends(page):
    one, other, state = Session(page), Session(page), block(page, gr.State)
    one[state._id].append("more")
    assert other[state._id] == ["kept"] and one[state._id] == ["kept", "more"]
    other[state._id] = ["new"]
    ((found, value, expired),) = other.state_components
    assert found is state and value == ["new"] and not expired
