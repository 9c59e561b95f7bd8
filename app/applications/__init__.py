"""Rounds, batches, intake and decisions."""
