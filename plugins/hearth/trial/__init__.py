"""Trials: a copy of the installation in which a change is tried on its real data, compared, and thrown away."""
