"""Project: anything put on the digit manifold by f with f(f(x)) = f(x)."""

TITLE = "Project"
SLUG = "project"
