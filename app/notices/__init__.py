"""What may be shown in public, and for how long."""
