"""Requests that people decide step by step, such as a move of a machine: nothing before its approval."""
