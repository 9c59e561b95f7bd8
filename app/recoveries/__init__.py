"""Recoverable money (应收回资金): paid to a student who may not keep it."""
