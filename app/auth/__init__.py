"""Organisations, people, API clients, tokens and the role × action table."""
