"""Changes of definitions as acts: what differs, what it would change, who approved it and why."""
