"""What stands in every view: the proof meter with its switch, the picker of pictures, Python for the view."""
