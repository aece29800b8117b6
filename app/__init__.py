"""The lab: a Gradio front end over `linearizer_core`. It holds no mathematics; the core knows nothing of it.

Start it with ``python -m app``; build it without starting it with ``app.shell.build_app()``.
"""
