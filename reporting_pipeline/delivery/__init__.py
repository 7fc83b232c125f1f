"""Delivery: bringing files to where their readers look, whole or not at all."""
