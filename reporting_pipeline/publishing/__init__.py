"""Publishing: generates one report, checks its gate, stores its files and records its edition."""
