"""A sheet becomes a feature's verb."""
