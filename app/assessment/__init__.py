"""Gathers facts and runs the engine, set-wise."""
