"""Fleets: thousands of devices under one contract, which knows their count and never the devices themselves."""
