"""What is kept and for how long: backup and return, deletion by rule."""
