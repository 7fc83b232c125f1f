"""A webhook reaches the internet and allowed networks only, however its address is written."""

import asyncio
from ipaddress import ip_network

import pytest

from reporting_pipeline.errors import AddressRefused
from reporting_pipeline.webhooks.addresses import GuardedResolver, checked_address

OWN = (ip_network("10.1.0.0/16"),)


@pytest.mark.parametrize(
    "address",
    [
        "https://example.com/reports",
        "https://example.com:8443/reports?tenant=7",
        "https://93.184.215.14/",
        "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/",
        "http://10.1.2.3/reports",
    ],
)
def test_addresses_of_the_internet_and_of_own_networks_are_accepted(address: str) -> None:
    assert checked_address(address, OWN) == address


@pytest.mark.parametrize(
    "address",
    [
        "https://127.0.0.1/",
        "https://10.0.0.1/",
        "https://172.16.0.1/",
        "https://192.168.1.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://100.64.0.1/",
        "https://0.0.0.0/",
        "https://255.255.255.255/",
        "https://224.0.0.1/",
        "https://[::1]/",
        "https://[::]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:a9fe:a9fe]/",
        "https://[64:ff9b::a9fe:a9fe]/",
        "https://[2002:a9fe:a9fe::]/",
        "https://[fe80::1%25eth0]/",
        "https://[fd00::1]/",
        "https://[fec0::1]/",
        "https://[ff02::1]/",
    ],
)
def test_numbers_inside_the_network_are_refused(address: str) -> None:
    with pytest.raises(AddressRefused, match="is inside the network"):
        checked_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "example.com/reports",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "https://",
        "https://user@example.com/",
        "https://user:secret@example.com/",
        "https://example.com/#part",
        "https://example.com:0/",
        "https://example.com:99999/",
        "https://exa mple.com/",
        "https://example.com\\@10.0.0.1/",
        "https://example.com/\r\nx: y",
        "https://münchen.example/",
        "https://[::1/",
        "https://example.com/" + "x" * 2_000,
    ],
)
def test_what_is_no_address_of_a_webhook_is_refused(address: str) -> None:
    with pytest.raises(AddressRefused, match="is no address of a webhook"):
        checked_address(address)


@pytest.mark.parametrize("address", ["http://example.com/", "http://93.184.215.14/"])
def test_the_internet_is_reached_encrypted_only(address: str) -> None:
    with pytest.raises(AddressRefused, match="is not encrypted"):
        checked_address(address, OWN)


@pytest.mark.parametrize("host", ["localhost", "0x7f.1", "2130706433", "0177.0.0.1", "127.1"])
def test_a_name_that_leads_inside_is_refused_when_it_is_resolved(host: str) -> None:
    checked_address(f"https://{host}/")  # its form is that of a name

    with pytest.raises(AddressRefused, match=r"127\.0\.0\.1 is inside the network|::1 is inside"):
        asyncio.run(GuardedResolver(()).resolve(host, 443))


def test_a_name_that_leads_into_an_own_network_is_resolved() -> None:
    networks = (ip_network("127.0.0.0/8"), ip_network("::1/128"))

    found = asyncio.run(GuardedResolver(networks).resolve("localhost", 8080))

    assert {each["host"] for each in found} <= {"127.0.0.1", "::1"}
    assert all(each["port"] == 8080 for each in found)
