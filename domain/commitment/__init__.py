"""Minimum commitment: a least amount for each term; what was charged less is charged when it is over, once."""
