"""Effects: one class per outside concern, each effect carried out once by its domain key."""
