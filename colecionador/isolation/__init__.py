"""Imaging in a process of its own, for a photo that may kill or hang whoever decodes it.

A delivery that comes back unacknowledged is a suspect: its process ended while it held it, by this
message's doing or by a neighbour's. Rendered alone in a child, the guilty one kills the child, and
only the child; the innocent ones succeed.
"""
