"""Landing: the bytes of a pull exactly as they came, kept for good, with a manifest."""
