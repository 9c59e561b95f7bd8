"""The bank's lines against our payouts, and the worklist."""
