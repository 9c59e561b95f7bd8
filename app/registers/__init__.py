"""Other departments' lists: read, matched to students, and asked."""
