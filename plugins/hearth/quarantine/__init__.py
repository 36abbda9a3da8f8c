"""The quarantine as a workplace: look at refused rows, waive them, run them again."""
