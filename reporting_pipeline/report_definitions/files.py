"""Reads and writes folders of definitions, one definition per file.

<any path>/<any name>.yaml            a template, or of the organisation that it names
<organization_id>/<slug>.yaml         as `write_folder` writes them
templates/<slug>.yaml                 the same, for every organisation
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from uuid import UUID

from reporting_pipeline.errors import DefinitionInvalid
from reporting_pipeline.guards.regular_file import open_regular
from reporting_pipeline.report_definitions.definition import DeclaredDefinition
from reporting_pipeline.report_definitions.document import MAX_BYTES
from reporting_pipeline.report_definitions.parse import (
    AlsoChecked,
    nothing_else,
    parse_definition_text,
)

STARTER_SET = Path(__file__).parent / "starter"
"""Ten templates of reports that most organisations need."""

_SUFFIXES = frozenset({".yaml", ".yml", ".json"})
_OF_TEMPLATES = "templates"


def read_folder(folder: Path, also: AlsoChecked = nothing_else) -> list[DeclaredDefinition]:
    """The definitions of all files below a folder, ordered by path.

    Args:
        folder: The folder.
        also: Checks each definition that is valid so far.

    Raises:
        DefinitionInvalid: A file is not a valid definition, or the folder has no definition. All
            files are read first; the message has a line for each fault of each of them.
    """
    declared: dict[str, DeclaredDefinition] = {}
    invalid: list[str] = []
    for path in sorted(each for each in folder.rglob("*") if each.suffix in _SUFFIXES):
        source = path.relative_to(folder).as_posix()
        try:
            declared[source] = _read(path, source, also)
        except DefinitionInvalid as error:
            invalid.append(error.message)
    invalid += _declared_twice(declared)
    if invalid:
        raise DefinitionInvalid("\n".join(invalid))
    if not declared:
        message = f"{folder} contains no definition; expected files named *.yaml, *.yml or *.json"
        raise DefinitionInvalid(message)
    return list(declared.values())


def _declared_twice(declared: Mapping[str, DeclaredDefinition]) -> Iterator[str]:
    """A sentence for each file that declares the definition of an earlier file."""
    first: dict[tuple[UUID | None, str], str] = {}
    for source, each in declared.items():
        other = first.setdefault((each.organization_id, each.slug), source)
        if other != source:
            of = f"organisation {each.organization_id}" if each.organization_id else "every one"
            yield f"{source}: slug: {each.slug} of {of} is declared twice; {other} has it too"


def write_folder(folder: Path, definitions: Iterable[DeclaredDefinition]) -> list[Path]:
    """Write each definition to its file below a folder; the same definitions give the same bytes.

    Other files of the folder stay.
    """
    written = []
    for each in definitions:
        path = folder / str(each.organization_id or _OF_TEMPLATES) / f"{each.slug}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(each.to_yaml(), encoding="utf-8", newline="\n")
        written.append(path)
    return written


def for_organizations(
    declared: Sequence[DeclaredDefinition], organizations: Sequence[UUID]
) -> list[DeclaredDefinition]:
    """The definitions, with each template once per organisation that has no own file for its slug.

    Ordered as given, those of a template by organisation.
    """
    own = {(each.organization_id, each.slug) for each in declared}
    found: list[DeclaredDefinition] = []
    for each in declared:
        if each.organization_id is not None:
            found.append(each)
            continue
        found.extend(
            each.for_organization(organization_id)
            for organization_id in organizations
            if (organization_id, each.slug) not in own
        )
    return found


def _read(path: Path, source: str, also: AlsoChecked) -> DeclaredDefinition:
    try:
        with open_regular(path) as file:
            text = file.read(MAX_BYTES + 1)
    except OSError as error:
        message = f"{source}: cannot be read: {error.strerror}"
        raise DefinitionInvalid(message) from error
    return parse_definition_text(text, source, also)
