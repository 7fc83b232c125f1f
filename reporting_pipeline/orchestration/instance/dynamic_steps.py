"""The order of steps whose number is known only in the run: first, each, last."""

from collections.abc import Mapping

import dagster as dg
from dagster._core.definitions.dependency import (
    DynamicCollectDependencyDefinition,
    IDependencyDefinition,
)

BEFORE = "before"
"""The input of a step that only waits for another one."""


def first_each_last(
    first: dg.OpDefinition, each: dg.OpDefinition, last: dg.OpDefinition
) -> Mapping[str, Mapping[str, IDependencyDefinition]]:
    """The dependencies of a graph: `each` runs per dynamic output of `first`, `last` after all.

    Both have the input `before`.
    """
    return {
        each.name: {BEFORE: dg.DependencyDefinition(first.name)},
        last.name: {BEFORE: DynamicCollectDependencyDefinition(each.name, "result")},
    }
