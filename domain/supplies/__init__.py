"""Cover that is kept alive by ordering supplies: orders, shipping, levels, and how it is lost."""
