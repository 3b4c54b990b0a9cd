"""The HTTP API: commands go to the contracts, reads come from SQL."""
