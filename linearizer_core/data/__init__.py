"""What models learn from: downloaded sets, points of the plane, damage, the teachers of styles."""

from .dataset import Dataset, gathered

__all__ = ["Dataset", "gathered"]
