"""Tests: guarantees in full sentences, and mirrors of the code."""
