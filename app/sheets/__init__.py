"""Reads, launders and annotates workbooks; knows no feature."""
