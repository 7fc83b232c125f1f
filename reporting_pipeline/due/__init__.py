"""Due reports: which reports should exist, which are missing, and generating them in batches."""
