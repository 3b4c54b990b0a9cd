"""Cases between contract and desk: how one is opened, what is heard of it, and what that asks of the contract."""
