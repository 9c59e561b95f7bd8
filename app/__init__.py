"""The service of a municipal student financial aid centre."""
