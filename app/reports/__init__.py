"""Read-only questions across features."""
