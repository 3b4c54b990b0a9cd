"""Durable interpreters of the decider: the contract, the test clock, and the catalogue of what they call."""
