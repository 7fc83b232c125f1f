"""PDF: pages to read and sign, with the rows that they show attached to the file.

The parent process turns a report into markup (`sheet`). A warm child process (`renderers`) turns
markup into pages (`render`, `assembly`); it has none of the parent's environment, limited resources
and no network.
`read` returns the rows and finds every change on the pages.

What belongs here: everything that knows PDF. What does not: how values look (`presentation`).
"""
