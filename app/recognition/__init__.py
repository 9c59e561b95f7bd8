"""Hardship recognition: the yearly form, its path through the school, levels and groups."""
