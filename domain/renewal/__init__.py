"""Renewal: what happens between two terms of a contract."""
