"""The dataflows: their topology, the operators it is written in, and the wiring of a process."""
