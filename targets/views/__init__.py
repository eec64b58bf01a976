"""Pages of the target layer, and the start pages of console and portal."""
