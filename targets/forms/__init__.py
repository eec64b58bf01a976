"""Forms of the target layer: shape of the input, no rules."""
