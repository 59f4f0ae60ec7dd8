"""The demonstration: the main job on real photographs, on whatever servers the settings name.

`make demo` runs it on private servers of its own.
"""
