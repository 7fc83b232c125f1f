"""Serving: answers from memory to those who ask often; each names the state that it tells."""
