"""All that a hostile or broken client can send, against a lab of one's own on this machine: `python -m tests.attack`."""
