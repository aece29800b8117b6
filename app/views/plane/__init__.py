"""Plane: two dimensions, bent by hand."""

TITLE = "Plane"
SLUG = "plane"
