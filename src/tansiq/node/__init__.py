"""A node: its home on disk, its settings, its processes. Everything below is joined here, nothing is decided here."""
