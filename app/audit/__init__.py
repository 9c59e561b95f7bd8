"""Who did what to which records, written in the transaction that did it."""
