"""The ports without servers: for tests of the topology, and for tests of what emits."""
