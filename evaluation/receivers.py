"""What the evaluation layer adds to the kernel and how it reacts to events."""
