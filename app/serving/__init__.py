"""How the lab is served to many: its page and scripts, streams, what is kept of a visitor, what is asked and how much of
it, limits, draining, several processes behind HAProxy.

Views know nothing of it.
"""
