"""The future of many contracts at once: what they will bill, renew and lose, as it is and as it might be."""
