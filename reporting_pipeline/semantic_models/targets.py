"""The languages of BI tools by name, and their files in a folder."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from reporting_pipeline.semantic_models import cube, lookml, metricflow, superset, tableau
from reporting_pipeline.semantic_models.place import Place
from reporting_pipeline.semantic_models.semantic_model import SemanticModel, semantic_models

Writer: TypeAlias = Callable[[Sequence[SemanticModel], Place], dict[str, bytes]]

TARGETS: Mapping[str, Writer] = MappingProxyType(
    {
        "metricflow": metricflow.files,
        "tableau": tableau.files,
        "lookml": lookml.files,
        "superset": superset.files,
        "cube": cube.files,
    }
)
"""The name of a language -> the files of all views in it, by their path in a folder."""


def export(target: str, folder: Path, place: Place) -> list[Path]:
    """Write the files of a target, in place of former ones of the same names.

    Returns:
        The files, in the order of their paths.

    Raises:
        OSError: A file cannot be written.
    """
    written = []
    for name, content in sorted(TARGETS[target](semantic_models(), place).items()):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        written.append(path)
    return written
