"""Accounts and transfers: each moves one amount from one account to another."""
