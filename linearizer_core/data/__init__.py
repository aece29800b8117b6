"""What models learn from: downloaded sets, points of the plane, damage, the teachers of styles."""

from .sets import Dataset

__all__ = ["Dataset"]
