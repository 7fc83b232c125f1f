"""How fast reports are written, and with how much memory: `make bench`. No part of the tests."""
