"""One stage of training: its recipe, its samples, its steps, and what it leaves."""
