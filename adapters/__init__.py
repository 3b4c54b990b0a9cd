"""The real systems behind the ports, each beside the embedded one that needs nothing installed."""
