"""Runs, payouts, payee checks and the files they leave in."""
