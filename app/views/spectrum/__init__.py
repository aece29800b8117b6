"""Spectrum: the singular values of A in the visitor's hand."""

TITLE = "Spectrum"
SLUG = "spectrum"
