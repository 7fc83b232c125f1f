"""The datasets of the report tables: their rows and columns, with names beside the ids.

What belongs here: which table is which dataset. What does not: words on columns, which are those of
the report tables (`registry.tables`).
"""

from reporting_pipeline.registry.columns import ReportTable
from reporting_pipeline.registry.datasets.dataset import SCHEMA, Dataset
from reporting_pipeline.registry.datasets.names import with_names
from reporting_pipeline.registry.report_tables import REPORT_TABLES


def _dataset(table: ReportTable) -> Dataset:
    name = table.name.removeprefix("report_")
    return Dataset(
        name=name,
        title=table.title,
        grain=table.grain,
        description=table.description,
        schema=SCHEMA,
        relation=name,
        columns=with_names(table.columns),
        rests_on=(table.name,),
    )


TABLE_DATASETS: tuple[Dataset, ...] = tuple(map(_dataset, REPORT_TABLES))
