"""One day, many contracts: what sleeps costs nothing, and what falls due in one instant is billed while people work."""
