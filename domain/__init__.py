"""The pure decider: what a contract may do, what it will do next, and what that means for the world."""
