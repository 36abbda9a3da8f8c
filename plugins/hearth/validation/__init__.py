"""Validation: Great Expectations decides which rows are accepted and whether a batch goes on."""

import logging

# Otherwise it writes hundreds of lines about its own import.
logging.getLogger("great_expectations").setLevel(logging.WARNING)
