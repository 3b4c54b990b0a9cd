"""What Tenure stands on: settings, the Temporal client, logging, and the embedded server."""
