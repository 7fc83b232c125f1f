"""Every shipped report in German: no English word is left in a file that people read."""

from collections.abc import Iterator

import pytest

from reporting_pipeline.exports.manifest import MANIFEST_SUFFIX, Manifest
from reporting_pipeline.exports.verify.verify_file import verify_file
from reporting_pipeline.publishing.snapshot import ReportRequest
from reporting_pipeline.report_definitions.definition import ReportFormat
from reporting_pipeline.report_definitions.files import STARTER_SET, read_folder
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.german_files import (
    english_words,
    names_of_programs,
    texts_of,
)
from reporting_pipeline_tests.acceptance.pipelines import Databases, Pipeline
from reporting_pipeline_tests.acceptance.starter_set import (
    StarterFile,
    generated_files,
    starter_requests,
)

_FOR_PEOPLE = (ReportFormat.CSV, ReportFormat.XLSX, ReportFormat.PDF)
_NAMES = """
    select name from landing.ticketing_events union select name from landing.ticketing_organizations
    union select name from landing.ticketing_ticket_types
    union select name from landing.scanning_gates
    union select name from landing.seating_sections union select name from landing.seating_venues
    union select city from landing.seating_venues union select country from landing.seating_venues
    union select reference from landing.ledger_transactions
    union select tax_jurisdiction from landing.ledger_entries
"""
_SLUGS = [each.slug for each in read_folder(STARTER_SET)]


@pytest.fixture(scope="module")
def pipeline(databases: Databases, organizer: Pipeline) -> Iterator[Pipeline]:
    """The bundled organisation, which has rows of every kind; its days are not sealed."""
    fresh = databases.copy("german", organizer)
    yield fresh
    databases.drop(fresh)


@pytest.fixture(scope="module")
def files(
    pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[StarterFile]]:
    """The German files of each shipped report; of one event where it is about one."""
    with warehouse_connection(pipeline.warehouse) as connection:
        owners = connection.execute("select id from landing.ticketing_organizations").fetchall()
    asked: dict[str, ReportRequest] = {}
    for request in starter_requests(
        pipeline, "de_DE", [owner for (owner,) in owners], is_provisional_allowed=True
    ):
        asked.setdefault(request.definition.slug, request)
    store = tmp_path_factory.mktemp("german")
    found: dict[str, list[StarterFile]] = {}
    for each in generated_files(pipeline, store, list(asked.values()), _FOR_PEOPLE):
        found.setdefault(each.slug, []).append(each)
    return found


@pytest.fixture(scope="module")
def names(pipeline: Pipeline) -> set[str]:
    """The names of the sources, which are the same in every language."""
    with warehouse_connection(pipeline.warehouse) as connection:
        return {str(name) for (name,) in connection.execute(_NAMES) if name}


@pytest.mark.parametrize("slug", _SLUGS)
def test_no_english_word_is_left(
    slug: str, files: dict[str, list[StarterFile]], names: set[str]
) -> None:
    found = {}
    for each in files[slug]:
        manifest = _manifest(each)
        texts = [*texts_of(each.path), _own_name(manifest)]
        found[each.format] = english_words(texts, names | names_of_programs(manifest))
        assert len(texts) > 5

    assert found == {each: set() for each in _FOR_PEOPLE}


@pytest.mark.parametrize("slug", _SLUGS)
def test_a_german_file_proves_itself(slug: str, files: dict[str, list[StarterFile]]) -> None:
    for each in files[slug]:
        assert [str(difference) for difference in verify_file(each.path).differences] == []


def _manifest(file: StarterFile) -> Manifest:
    path = file.path.with_name(file.path.name + MANIFEST_SUFFIX)
    return Manifest.of_json(path.read_bytes())


def _own_name(manifest: Manifest) -> str:
    assert manifest.file is not None
    return (manifest.file.download_name or "").partition(".")[0]


def test_english_words_are_found_among_german_ones() -> None:
    texts = ["Summe EUR, 30 rows of this day", "Ticketing: fehlt im Hauptbuch", "box_office"]

    assert english_words(texts, []) == {"rows", "of", "this", "day", "box", "office"}
