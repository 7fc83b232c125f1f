"""Small inputs that a careless pipeline gets wrong: a dump, and sometimes report definitions.

Each folder has a test of its own in `acceptance/`, `test_case_<folder>.py`.
"""

from pathlib import Path

CASES = Path(__file__).parent
