"""Pages of evaluation."""
