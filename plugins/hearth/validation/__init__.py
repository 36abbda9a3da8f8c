"""Validation: Great Expectations decides which rows are accepted and whether a batch goes on."""
