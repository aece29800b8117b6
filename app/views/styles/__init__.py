"""Styles: any photo painted by operators of one space."""

TITLE = "Styles"
SLUG = "styles"
