"""The promise: awards, instalments and their shares."""
