"""A made-up city, driven through the HTTP door only."""
