"""Bars: two small numbers for each of a few places, side by side, drawn to one scale."""

from collections.abc import Sequence

COLUMN = '<div style="flex:1;display:flex;gap:2px;align-items:flex-end;height:110px">{}</div>'
BAR = (
    '<i title="{:.1%}" style="flex:1;height:{:.1f}%;min-height:1px;background:var(--lab-{});'
    'border-radius:3px 3px 0 0"></i>'
)
ROW = '<div style="display:flex;gap:8px;{}">{}</div>'
QUIET = "color:var(--lab-quiet);font-size:13px"


def bars(induced: Sequence[float], pixel: Sequence[float], words: tuple[str, str, str]) -> str:
    """HTML of a pair of bars for each place, numbered from 1, and below it what the colours mean.

    >>> bars([0.5], [0.25], ("a", "b", "c")).count("<i ")
    2
    """
    largest = max([*induced, *pixel, 1e-9])
    pairs = [
        "".join(
            BAR.format(value, 100 * value / largest, hue) for hue, value in zip(("induced", "pixel"), pair)
        )
        for pair in zip(induced, pixel)
    ]
    numbers = "".join(f'<span style="flex:1;text-align:center">{i + 1}</span>' for i in range(len(pairs)))
    colours = [
        f'<b style="color:var(--lab-{hue})">{text}</b>' for hue, text in zip(("induced", "pixel"), words)
    ]
    legend = f'<p style="margin:6px 0 0">{", ".join(colours)} {words[2]}</p>'
    return ROW.format("", "".join(map(COLUMN.format, pairs))) + ROW.format(QUIET, numbers) + legend
