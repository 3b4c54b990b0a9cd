"""Repairs: free under cover, billed outside it; disputed, and credited where the customer is right."""
