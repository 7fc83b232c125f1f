"""The version of what report columns mean.

It rises by one with each entry of "Report numbers" in CHANGELOG.md, stands in every manifest, and
is the cause of a restatement when it has risen. What belongs here: the number.
"""

LOGIC_VERSION = 1
