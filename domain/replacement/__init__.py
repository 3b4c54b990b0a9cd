"""A device that is exchanged for another one under the same line: the contract goes on for the new serial number."""
