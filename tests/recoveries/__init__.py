"""Money that is owed back."""
