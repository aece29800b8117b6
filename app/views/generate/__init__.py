"""Generate: N integrator steps beside the one matrix that they are."""

TITLE = "Generate"
SLUG = "generate"
