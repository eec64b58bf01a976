"""Forms of the service layer: shape of the input, no rules."""
