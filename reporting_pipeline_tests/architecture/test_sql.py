"""Every SQL file of the repository is linted."""

import runpy

from reporting_pipeline_tests.architecture.repository import ROOT


def test_every_sql_file_is_in_a_folder_that_is_linted() -> None:
    folders = {
        argument
        for _, (program, *arguments) in runpy.run_path(str(ROOT / "bootstrap.py"))["LINTS"]
        if program == "sqlfluff"
        for argument in arguments
        if (ROOT / argument).is_dir()
    }
    hidden = {".venv", "build", "target"}
    found = [path.relative_to(ROOT) for path in ROOT.rglob("*.sql")]
    unlinted = [
        path for path in found if path.parts[0] not in folders and not hidden & set(path.parts)
    ]

    assert folders
    assert unlinted == []
