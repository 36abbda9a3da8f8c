"""Contracts: what comes in, from where, in which form, and what it means (`feeds/*.yml`)."""
