"""The own name of each report: its organisation, definition, event and period, in its language.

The name is fixed when the report's first edition is published, and all its formats share it. Keys
of the store have ids, so a later renaming moves no file and no download. No two reports have the
same name: people keep files in one folder.
"""

import hashlib
from typing import Any

from psycopg import Connection

from reporting_pipeline.catalogue.report_keys import ReportKey
from reporting_pipeline.domain.file_names import MAX_FILE_NAME_BYTES, file_stem
from reporting_pipeline.domain.names import comparable
from reporting_pipeline.exports.manifest import Manifest
from reporting_pipeline.languages import translated

# " PROVISIONAL", and the longest suffix of a format.
_KEPT_BYTES = len(" PROVISIONAL.parquet.zip")
_MARK_BYTES = len(" (0123456789abcdef)")
_SHORT, _LONG = 8, 16

# A report without an edition has no fixed name: its organisation may be renamed until it has one.
_FORGET = """
    delete from catalogue.report_names as known
    where
        known.definition_id = %(definition_id)s and known.period = %(period)s
        and not exists (
            select from catalogue.generated_reports as report
            where
                report.definition_id = known.definition_id and report.period = known.period
                and (report.edition > 0 or report.upcoming is not null)
        )
"""
_TAKE = """
    insert into catalogue.report_names (definition_id, period, name, compared)
    values (%(definition_id)s, %(period)s, %(name)s, %(compared)s)
    on conflict do nothing
"""
_KNOWN = """
    select name from catalogue.report_names
    where definition_id = %(definition_id)s and period = %(period)s
"""


def own_name(connection: Connection[Any], key: ReportKey, manifest: Manifest) -> str:
    """The report's own name; of a report without an edition, the one of its manifest, kept now.

    Args:
        connection: To the warehouse, in a transaction that holds the report's lock.
        key: The report.
        manifest: Its manifest, with the names of now.
    """
    bound = {"definition_id": key.definition_id, "period": key.period.token}
    connection.execute(_FORGET, bound)
    for name in _candidates(key, manifest):
        known = connection.execute(_KNOWN, bound).fetchone()
        if known is not None:
            return str(known[0])
        connection.execute(_TAKE, bound | {"name": name, "compared": comparable(name)})
    found = connection.execute(_KNOWN, bound).fetchone()
    return str(found[0]) if found else _candidates(key, manifest)[-1]


def _candidates(key: ReportKey, manifest: Manifest) -> tuple[str, ...]:
    """The name, then with a mark of the report for the case that another report has it."""
    event = manifest.event.name if manifest.event else key.period.event_id
    words = [manifest.organization.name, manifest.definition.name, event and str(event)]
    words.append(key.period.words_with(translated("to", manifest.locale)))
    max_bytes = MAX_FILE_NAME_BYTES - _KEPT_BYTES - _MARK_BYTES
    name = file_stem([each for each in words if each], max_bytes)
    digest = hashlib.sha256(key.lock_name.encode()).hexdigest()
    return name, f"{name} ({digest[:_SHORT]})", f"{name} ({digest[:_LONG]})"
