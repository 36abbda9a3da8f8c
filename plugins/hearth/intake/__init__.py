"""The way in: pull and land, then clean, validate and load; whatever brings rows in once more goes through here."""
