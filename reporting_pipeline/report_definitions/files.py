"""Reads and writes folders of definitions, one definition per file.

<any path>/<any name>.yaml            a template, or of the organisation that it names
<organization_id>/<slug>.yaml         as `write_folder` writes them
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from uuid import UUID

from reporting_pipeline.errors import DefinitionInvalid
from reporting_pipeline.report_definitions.definition import DeclaredDefinition
from reporting_pipeline.report_definitions.document import MAX_BYTES
from reporting_pipeline.report_definitions.parse import parse_definition_text

STARTER_SET = Path(__file__).parent / "starter"
"""Ten templates of reports that most organisations need."""

_SUFFIXES = frozenset({".yaml", ".yml", ".json"})
_MAX_LISTED = 10


def read_folder(folder: Path) -> list[DeclaredDefinition]:
    """The definitions of all files below a folder, ordered by path.

    Raises:
        DefinitionInvalid: A file is not a valid definition, or the folder has no definition. All
            files are read first; the message has a line for each of the first ten invalid ones.
    """
    declared: list[DeclaredDefinition] = []
    invalid: list[str] = []
    for path in sorted(each for each in folder.rglob("*") if each.suffix in _SUFFIXES):
        try:
            declared.append(_read(path, path.relative_to(folder).as_posix()))
        except DefinitionInvalid as error:
            invalid.append(error.message)
    if invalid:
        if len(invalid) > _MAX_LISTED:
            invalid[_MAX_LISTED:] = [f"and {len(invalid) - _MAX_LISTED} more files"]
        raise DefinitionInvalid("\n".join(invalid))
    if not declared:
        message = f"{folder} contains no definition; expected files named *.yaml, *.yml or *.json"
        raise DefinitionInvalid(message)
    return declared


def write_folder(folder: Path, definitions: Iterable[DeclaredDefinition]) -> list[Path]:
    """Write each definition to its file below a folder; the same definitions give the same bytes.

    Each must have an organisation. Other files of the folder stay.
    """
    written = []
    for each in definitions:
        path = folder / str(each.organization_id) / f"{each.slug}.yaml"
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


def _read(path: Path, source: str) -> DeclaredDefinition:
    try:
        with path.open("rb") as file:
            text = file.read(MAX_BYTES + 1)
    except OSError as error:
        message = f"{source}: cannot be read: {error.strerror}"
        raise DefinitionInvalid(message) from error
    return parse_definition_text(text, source)
