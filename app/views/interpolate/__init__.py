"""Interpolate: two to four pictures, added as vectors of the induced space."""

TITLE = "Interpolate"
SLUG = "interpolate"
