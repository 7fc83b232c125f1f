"""The four source domains: what they promise, and how their rows come into the warehouse."""
