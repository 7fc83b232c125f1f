"""The five report tables, each described in a module of its own."""
