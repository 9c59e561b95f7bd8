"""What if: other rules over the pupils of the registry; nothing is written."""
