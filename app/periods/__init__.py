"""Days of the books: closed once everything agrees, sealed, and never posted into again."""
