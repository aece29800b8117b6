"""Models for where there is no torch: an op list with one weight file for a browser, or ONNX graphs."""

from .replay import Replay
from .web import WebModel, read, web

__all__ = ["Replay", "WebModel", "read", "web"]
