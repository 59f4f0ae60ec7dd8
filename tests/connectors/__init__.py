"""Tests of the edges, each on the real thing."""
