"""Dunning: what happens to an invoice that is not paid, step by step, and what undoes it when it is."""
