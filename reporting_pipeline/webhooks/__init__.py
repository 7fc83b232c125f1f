"""Webhooks: sends what the catalogue has written for the subscriptions of organisations.

What belongs here: which addresses may be reached, sending, and attempts. What does not:
subscriptions and their messages (`catalogue`), and the alerts of operators (`alerts`).
"""
