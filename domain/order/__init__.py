"""The order: what a quote becomes, until service may start."""
