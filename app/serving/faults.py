"""Faults in the log: each in full when it is first met, then in a line, so that nobody fills a disk by asking again."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from types import SimpleNamespace

import gradio as gr
from gradio import queueing, routes
from gradio.exceptions import ComponentProcessingError

LOG = logging.getLogger(__name__)
MOST = 1000  # kinds that are remembered
LONGEST = 400  # letters of a line

_met: set[tuple[str, str, int]] = set()
_door = threading.Lock()


def place(error: BaseException) -> tuple[str, str, int]:
    """The kind of an error: its type, and the file and the line where it was raised.

    >>> try: {}["a"]
    ... except KeyError as error: place(error)[0]
    'KeyError'
    """
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = trace.tb_frame.f_code.co_filename if trace else ""
    return type(error).__name__, where, trace.tb_lineno if trace else 0


def tell(error: BaseException) -> None:
    """Write it to the log; of a visitor's mistake no more than that there was one."""
    kind = place(error)
    if isinstance(error, gr.Error | ComponentProcessingError):
        LOG.info("A call was refused: %s in %s, line %d.", *kind)
        return
    with _door:
        new = kind not in _met and len(_met) < MOST
        if new:
            _met.add(kind)
    if new:  # cut, because a message may quote what came, and that may be a picture
        lines = [line[:LONGEST] for line in traceback.format_exception(error)]
        LOG.error("A request could not be answered.\n%s", "\n".join(line.rstrip() for line in lines))
    else:
        LOG.error("A request could not be answered: %s in %s, line %d.", *kind)


def tell_for_gradio() -> None:
    """Gradio prints each error itself, with the values that came; here it says them as `tell` does."""

    def print_exc() -> None:
        if (error := sys.exc_info()[1]) is not None:
            tell(error)

    for module in (routes, queueing):
        module.traceback = SimpleNamespace(print_exc=print_exc)
