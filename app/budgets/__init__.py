"""Appropriations by holder and source."""
