"""Tests of the `augment` command."""
