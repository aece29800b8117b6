"""A gauge: one number on a line from 0, and beside it the stretch where such numbers usually lie."""

from html import escape

TRACK = (
    '<div role="img" aria-label="{label}" style="margin:8px 0 4px">'
    '<div style="position:relative;height:14px;border-radius:7px;background:var(--lab-soft)">'
    '<i style="position:absolute;top:0;bottom:0;left:{low:.1f}%;width:{width:.1f}%;border-radius:7px;'
    'background:color-mix(in srgb, var(--lab-good) 45%, transparent)"></i>'
    '<i style="position:absolute;top:-3px;bottom:-3px;left:calc({at:.1f}% - 2px);width:4px;border-radius:2px;'
    'background:var(--lab-induced)"></i></div></div>'
)


def gauge(value: float, usual: tuple[float, float], label: str) -> str:
    """HTML of the gauge; the line is three times as long as the usual stretch reaches, or as long as the number needs.

    >>> gauge(2.0, (1.0, 1.5), "distance").count("<i ")
    2
    """
    end = max(3 * usual[1], 1.05 * value, 1e-9)
    low, high, at = (100 * number / end for number in (*usual, value))
    return TRACK.format(label=escape(label, quote=True), low=low, width=max(high - low, 0.5), at=at)
