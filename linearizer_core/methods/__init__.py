"""Training objectives as pure functions of tensors: no loops, no files."""
