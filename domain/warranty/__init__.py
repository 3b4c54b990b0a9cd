"""Warranty terms as data: how long a device's warranty lasts, from which fact it counts, and what it gives."""
