"""Pages of the service layer."""
