"""Slow, obvious versions of the numerics, written from the mathematics for the tests to compare."""
