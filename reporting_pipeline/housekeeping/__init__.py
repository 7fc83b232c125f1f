"""Housekeeping: what killed processes have left, and what is past its retention."""
