"""The page `/docs` needs no other host, and can call only this server."""

import re

from reporting_pipeline_tests.serving.api.api_caller import ApiCaller


def test_everything_that_the_page_loads_comes_from_this_server(api: ApiCaller) -> None:
    page = api.client.get("/docs")
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)

    assert len(loaded) == 3
    for path in loaded:
        assert path.startswith("/docs-files/")
        assert api.client.get(path).status_code == 200, path
    assert "https://" not in page.text


def test_the_page_may_call_this_server_only_and_keeps_no_token(api: ApiCaller) -> None:
    page = api.client.get("/docs")

    policy = page.headers["content-security-policy"]
    assert "connect-src 'self'" in policy
    assert "default-src 'none'" in policy
    assert '"persistAuthorization": false' in page.text


def test_answers_with_data_may_load_nothing(api: ApiCaller) -> None:
    policy = api.get("/reports").headers["content-security-policy"]

    assert policy == "default-src 'none'; frame-ancestors 'none'"
