"""`make bench`: how fast readings become files and days, as ratios against something that ran in the same minutes.

A slow machine slows both sides, so a ratio means the same everywhere. Clocks start after the imports.
"""
