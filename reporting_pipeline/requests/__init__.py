"""Requests for reports, and the queue that they wait in.

    ask              returns the current report, or queues a request: one per report and format
    request_queue    the queue: rows in PostgreSQL, and the order in which they are taken
    queue_lists      the same queue as lists in Redis, where others see it and push requests
    pushed_messages  the messages of these lists, and why one is refused
    leases           a worker leases the next request; organisations take turns
    worker           generates the report of a leased request, and records how the request ended

PostgreSQL has the queue. Redis only shows it: if Redis is wiped, nothing is lost. What belongs
here: requests and the work on them. What does not: generating a report (`publishing.generate`).
"""
