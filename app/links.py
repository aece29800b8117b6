"""The link that restores a view: a view's settings as a query string, and back.

A link carries the view's slug and a few short strings; a picture travels as its reference (see `pictures`).
"""

from urllib.parse import parse_qsl, quote, urlencode

LONGEST_QUERY = 16_000  # four drawn pictures take about 3 000 characters; servers refuse far longer lines


def encode(slug: str, **settings: object) -> str:
    """Query string of a view.

    >>> encode("interpolate", x=["digits:3", "digits:8"], w=[0.5, 0.5])
    '?view=interpolate&x=digits:3,digits:8&w=0.5,0.5'
    """
    return "?" + urlencode(
        {"view": slug, **{name: _text(value) for name, value in settings.items()}},
        quote_via=quote,
        safe=":,",
    )


def _text(value: object) -> str:
    if isinstance(value, list | tuple):
        return ",".join(_text(item) for item in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def decode(search: str) -> dict[str, str]:
    """Settings in a query string; the first value of a name wins, an overlong or empty string gives {}.

    >>> decode("?view=interpolate&x=digits:3,digits:8")
    {'view': 'interpolate', 'x': 'digits:3,digits:8'}
    """
    if not isinstance(search, str) or len(search) > LONGEST_QUERY:
        return {}
    pairs = parse_qsl(search.lstrip("?"), max_num_fields=50) if search.count("&") < 50 else []
    settings: dict[str, str] = {}
    for name, value in pairs:
        settings.setdefault(name, value)
    return settings


def words(text: str | None) -> list[str]:
    """The comma-separated parts of one setting.

    >>> words("digits:3,digits:8"), words(None)
    (['digits:3', 'digits:8'], [])
    """
    return [word for word in (text or "").split(",") if word]


def numbers(text: str | None, low: float, high: float) -> list[float]:
    """The finite numbers of one setting, each brought into [low, high]; anything else is left out.

    >>> numbers("0.5,9,nan,x", -2.0, 2.0)
    [0.5, 2.0]
    """
    found = []
    for word in words(text):
        try:
            value = float(word)
        except ValueError:
            continue
        if value == value:
            found.append(min(max(value, low), high))
    return found
