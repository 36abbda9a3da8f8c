"""Loading: one transaction a batch, in which duplicates are settled, the interval is replaced, and erasure refused."""
