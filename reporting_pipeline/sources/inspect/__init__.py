"""Looking at a source: is it what the contract promises, and may its role do no more than read.

What belongs here: questions to a source's catalogue; the answers are values. What does not: reading
rows, or judging them.
"""

from reporting_pipeline.sources.inspect.inspection import Inspection, inspect_source
from reporting_pipeline.sources.inspect.problem import Problem
from reporting_pipeline.sources.inspect.rights import reading_problems, writable_rights
from reporting_pipeline.sources.inspect.structure import contract_problems, promise_problems

__all__ = [
    "Inspection",
    "Problem",
    "contract_problems",
    "inspect_source",
    "promise_problems",
    "reading_problems",
    "writable_rights",
]
