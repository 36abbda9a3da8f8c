"""A simulated heating city with known truth: HTTP, SFTP and SQL servers to pull from, and the right answers.

Everything is made from (seed, scale, window) alone, so two people who build the same city get the same bytes.
"""
