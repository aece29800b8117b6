"""Lessons: tours that set views, ask before they show, and a class that answers together.

A lesson is a file (`files`); its stops set views by links, hide and cover parts of the page (`parts`) and are walked in a
card (`card`). A class is a room (`rooms`), reached beside Gradio's own events (`routes`).
"""
