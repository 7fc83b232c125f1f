"""Shorter ways to what dbt computes, in place of its own functions while it runs in this process.

dbt is made for one invocation per process. Here a process builds many times, and each time dbt
would search the whole stack of calls, compile the same templates and describe events that nobody
reads: a third of the CPU time of a small build. The results are the same.
"""

import functools
import pickle
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import CodeType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dbt.artifacts.resources.v1.components import InjectedCTE
    from dbt.contracts.graph.manifest import Manifest

_MOST_TEMPLATES = 2_000
_HEARD = {"warn", "error"}
_WITH = re.compile(
    r"(?> \s | --[^\n]* | /\*.*?\*/ )*+  with\b \s* (?: recursive\b \s* )?",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)


class ProjectCopies:
    """Copies of a parsed project, of which each invocation needs its own.

    A run leaves its compiled SQL in the nodes, days included. It changes nothing else, so the
    copies share the rest. dbt's own copy takes six times as long.

    Args:
        manifest: The parsed project; it is not changed.
    """

    def __init__(self, manifest: "Manifest") -> None:
        if not manifest.flat_graph:
            manifest.build_flat_graph()  # type: ignore[no-untyped-call]  # `graph` in macros
        self._manifest = manifest
        self._nodes = pickle.dumps((manifest.nodes, manifest.sources), pickle.HIGHEST_PROTOCOL)

    def copy(self) -> "Manifest":
        """A copy for one invocation."""
        from dbt.contracts.graph.manifest import Manifest

        parsed = self._manifest
        nodes, sources = pickle.loads(self._nodes)  # noqa: S301 - our own bytes, of this process
        copy = Manifest(
            nodes=nodes,
            sources=sources,
            macros=dict(parsed.macros),
            docs=dict(parsed.docs),
            exposures=dict(parsed.exposures),
            functions=dict(parsed.functions),
            metrics=dict(parsed.metrics),
            groups=dict(parsed.groups),
            selectors=dict(parsed.selectors),
            metadata=parsed.metadata,
            disabled=dict(parsed.disabled),
            files=dict(parsed.files),
            state_check=parsed.state_check,
            semantic_models=dict(parsed.semantic_models),
            unit_tests=dict(parsed.unit_tests),
            saved_queries=dict(parsed.saved_queries),
        )
        copy.flat_graph = parsed.flat_graph
        return copy


@contextmanager
def shortcuts() -> Iterator[None]:
    """Take the shorter ways meanwhile; one invocation at a time."""
    from dbt import compilation
    from dbt.plugins.manager import PluginManager
    from dbt_common.behavior_flags import BehaviorFlagRendered
    from dbt_common.clients.jinja import MacroFuzzEnvironment
    from dbt_common.events.event_manager import EventManager

    plugins, fire = PluginManager.get_prefixed_modules, EventManager.fire_event

    def heard(
        of: EventManager, e: Any, level: Any = None, node: Any = None, *rest: bool, **options: bool
    ) -> None:
        """Fire an event that can become an error; no logger takes the others."""
        if (level or e.level_tag()) in _HEARD or any(rest) or any(options.values()):
            fire(of, e, level, node, *rest, **options)

    replaced: Sequence[tuple[Any, str, Any]] = (
        (compilation, "inject_ctes_into_sql", insert_ctes),
        (PluginManager, "get_prefixed_modules", staticmethod(functools.partial(_once, plugins))),
        # It names the module that declared a flag, for a message: it searches the whole stack.
        (BehaviorFlagRendered, "_default_source", staticmethod(lambda: "dbt")),
        (MacroFuzzEnvironment, "compile", _compile),
        (EventManager, "fire_event", heard),
    )
    former = [(owner, name, vars(owner).get(name)) for owner, name, _ in replaced]
    for owner, name, ours in replaced:
        setattr(owner, name, ours)
    try:
        yield
    finally:
        for owner, name, theirs in former:
            if theirs is None:  # inherited
                delattr(owner, name)
            else:
                setattr(owner, name, theirs)


def insert_ctes(sql: str, ctes: "Sequence[InjectedCTE]") -> str:
    """Return the SQL of a model with its ephemeral models as common table expressions.

    dbt's own function returns the same. It parses the whole SQL to find the first WITH, which is a
    third of the CPU time of a small build.
    """
    if not ctes:
        return sql
    found = _WITH.match(sql)
    joined = ", ".join(each.sql for each in ctes)
    if found is not None:
        return f"{sql[: found.end()]}{joined}, {sql[found.end() :]}"
    start = len(sql) - len(sql.lstrip())
    return f"{sql[:start]}with{joined} {sql[start:]}"


@functools.cache
def _once(read: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    """The plugins of dbt, which it looks for in every folder of Python's path."""
    return read()


_codes: dict[tuple[type, str], CodeType] = {}


def _compile(environment: Any, source: Any, *arguments: Any, **options: Any) -> Any:
    """The code of a template, which depends on its text and the class of the environment."""
    from jinja2.sandbox import SandboxedEnvironment

    slow = SandboxedEnvironment.compile
    if arguments or options or not isinstance(source, str):
        return slow(environment, source, *arguments, **options)
    key = (type(environment), source)
    found = _codes.get(key)
    if found is None:
        if len(_codes) >= _MOST_TEMPLATES:
            _codes.clear()
        found = _codes[key] = slow(environment, source)
    return found
