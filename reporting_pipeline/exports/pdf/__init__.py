"""PDF files: a page to sign, and the rows that it stands for attached to it.

The parent process turns a report into markup (`write`, `sheet`, `visible`, `chart`); a child
process without our environment, with limits and without a way out, turns markup into pages
(`render`, `assembly`). `read` gives the rows back and finds what was changed on the pages.

What belongs here: everything that knows PDF. What does not: how values look (`presentation`).
"""
