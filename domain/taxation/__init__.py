"""Tax rates from an outside service: asked for, kept with their days, and asked for again before they are stale."""
