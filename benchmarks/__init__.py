"""What the service takes at the size of a city, each measure beside its floor."""
