"""Usual settings as a row of keys beside the controls that they set; the key is lit whose setting stands there."""

import json
from collections.abc import Mapping, Sequence

import gradio as gr


def presets(
    elem_id: str, label: str, controls: Sequence[gr.Number | gr.Slider], values: Mapping[str, Sequence[float]]
) -> gr.Radio:
    """A key for each name, which gives the controls its values; all in the page."""
    look = {"elem_id": elem_id, "elem_classes": "lab-keys lab-presets", "show_label": False, "min_width": 0}
    start = [control.value for control in controls]
    first = next((name for name, found in values.items() if list(found) == start), None)
    keys = gr.Radio(list(values), value=first, label=label, **look)
    told = json.dumps(dict(values), ensure_ascii=False)
    given = "values.length > 1 ? values : values[0]"  # of a single output an array would be its value
    keys.input(
        None, keys, list(controls), js=f"(name) => {{ const values = ({told})[name]; return {given}; }}"
    )
    lit = f"""(...now) => {{
      const known = Object.entries({told});
      return known.find(([, values]) => values.every((value, i) => value === now[i]))?.[0] ?? null;
    }}"""
    gr.on([control.change for control in controls], None, list(controls), keys, js=lit)
    return keys
