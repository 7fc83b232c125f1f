"""Writes the generated pages of `docs`: `make docs`."""

from reporting_pipeline_tests.architecture import settings_page, tenancy_page

if __name__ == "__main__":
    for each in (settings_page, tenancy_page):
        each.PAGE.write_text(each.page(), encoding="utf-8")
