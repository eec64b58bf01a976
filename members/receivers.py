"""What the element layer adds to the kernel and how it reacts to events."""
