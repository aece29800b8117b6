"""The lab without a server: a folder for a static Space, for any web server, or for a stick in a classroom.

How. Two ways were weighed. A page of its own, composed of the app's widgets, is a second front end: each card, each control
and each sentence would be laid out twice. A host that renders the app's own layout is not: `shell.build_app().config` is
data (rows, tabs, sliders, widgets with template, style and script, listeners), 350 lines of JavaScript draw it with the class
names that assets/css/lab.css knows (assets/static/host.js, fields.js), and listeners that are JavaScript run as they are. So a
card that is added to a view, or a word that changes, is here at the next build. What the server's handlers compute is
written again in assets/static/views, on the browser's engine, from words and openings that the app's own functions give when
the folder is built (`said`, `recorded`); a button whose handler is not there does not appear. Gradio's own page, frozen, would
be a hundred files and more, and modules, which no browser loads from a disk.

From a disk a page may run scripts and fetch nothing (Chromium, "file://"), so all that is large comes as scripts, see `packing`.
"""

from .folder import MODELS, VIEWS, write_static

__all__ = ["MODELS", "VIEWS", "write_static"]
