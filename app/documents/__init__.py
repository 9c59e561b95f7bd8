"""Stored bytes: sheets, scans, bank files; encrypted, once by sha256."""
