"""Template words of the room of accounts."""
