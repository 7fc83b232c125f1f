"""The program `dbt` of `reporting exec -- dbt ...`: its connections have the whole address."""

import sys

from reporting_pipeline.building.dbt_connections import run_program
from reporting_pipeline.settings import Settings

if __name__ == "__main__":
    run_program(Settings.from_environment().warehouse_url(), sys.argv[1:])
