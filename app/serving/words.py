"""What those read who send what cannot be taken."""

NO_JSON = "This is no JSON: a call is an object with the list “data”."
NO_OBJECT = "A call is a JSON object with the list “data”, this is something else."
NO_DATA = "A call needs the list “data” with its values."
NO_LISTENER = "Nothing here is called so: /gradio_api/info lists what can be called."
NO_ROOM = "The lab has no room for more uploads now: those of an hour ago are removed soon."
TOO_SLOW = "This came too slowly: the connection is closed, please send it again."
CUT_OFF = "The connection was closed before all had come."
BAD_ADDRESS = "This is no address of the lab."
NOT_UNDERSTOOD = "The lab could not make sense of these values: /gradio_api/info says what a call needs."


def too_many_bytes(most: int) -> str:
    """
    >>> too_many_bytes(8 * 2**20)
    'This is too large: at most 8 MB can be sent at once.'
    """
    return f"This is too large: at most {most // 2**20} MB can be sent at once."


def too_many_values(most: int) -> str:
    """
    >>> too_many_values(100_000)
    'These are too many values: a call takes at most 100000.'
    """
    return f"These are too many values: a call takes at most {most}."


def too_deep(most: int) -> str:
    """
    >>> too_deep(32)
    'Lists in lists more than 32 deep are not read.'
    """
    return f"Lists in lists more than {most} deep are not read."


def long_name(name: str) -> str:
    """
    >>> long_name("session_hash")
    '“session_hash” is too long.'
    """
    return f"“{name}” is too long."


def other_count(wanted: int, came: int) -> str:
    """
    >>> other_count(6, 1)
    'This call needs 6 values in “data”, 1 came.'
    """
    return f"This call needs {wanted} values in “data”, {came} came."
