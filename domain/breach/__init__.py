"""One side in breach: notice, days to cure it, and the end of service where it is not."""
