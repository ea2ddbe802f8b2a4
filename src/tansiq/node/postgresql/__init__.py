"""Django's backend for PostgreSQL, with many rows written by one statement (`base`)."""
