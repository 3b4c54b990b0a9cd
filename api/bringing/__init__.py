"""Contracts that are brought in from a file, and given out as one: read, filled in, checked, written down, started."""
