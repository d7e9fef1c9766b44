"""Behind a real nginx: the address that counts is the one nginx vouches for."""

import subprocess
from collections.abc import Iterator

import pytest
import requests
from requests.adapters import HTTPAdapter

from tests import gateway, nginx, standin
from tests.gateway import TOKEN, Gateway
from tests.redis_server import wait_for

pytestmark = pytest.mark.system
CODE = {"To": "+4915112345678", "Body": "004821"}
SERVER = """
server {{
  listen 127.0.0.1:{port};
  location / {{
    proxy_pass {gateway};
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
  }}
}}
"""


class From(HTTPAdapter):
    """Calls from one of the addresses of this machine."""

    def __init__(self, address: str) -> None:
        self.address = address
        super().__init__()

    def init_poolmanager(self, *args: object, **options: object) -> None:
        super().init_poolmanager(*args, source_address=(self.address, 0), **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Gateway, str]]:
    """A gateway that one client may call from 127.0.0.2, and the address of nginx before it."""
    folder = tmp_path_factory.mktemp("nginx")
    templates = folder / "templates.yaml"
    templates.write_text(
        "templates: {sms: {message: '{token}'}}\n"
        "clients: {authentik: {networks: 127.0.0.2/32}}\n"
    )
    with standin.running() as signal:
        with gateway.sending(
            signal.url,
            TEMPLATES_FILE=str(templates),
            TRUSTED_PROXIES="127.0.0.1/32",
        ) as running:
            port = gateway.free_port()
            server = SERVER.format(port=port, gateway=running.url)
            path = nginx.write(folder, server)
            with subprocess.Popen(["nginx", "-c", str(path)]) as process:
                try:
                    wait_for(port)
                    yield running, f"http://127.0.0.1:{port}"
                finally:
                    process.terminate()


def call(url: str, source: str, token: str = TOKEN, forged: str = "") -> int:
    with requests.Session() as session:
        session.mount("http://", From(source))
        headers = {"Authorization": f"Bearer {token}"}
        if forged:
            headers["X-Forwarded-For"] = forged
        answer = session.post(f"{url}/v2/send", json=CODE, headers=headers, timeout=10)
        return answer.status_code


@pytest.mark.parametrize(
    ("source", "forged", "status"),
    [
        ("127.0.0.2", "", 201),
        ("127.0.0.3", "", 403),
        ("127.0.0.3", "127.0.0.2", 403),  # nginx adds the true address behind it
        ("127.0.0.2", "rubbish", 201),
    ],
)
def test_a_clients_network_is_that_of_the_caller_before_nginx(
    source: str, forged: str, status: int, servers: tuple[Gateway, str]
) -> None:
    assert call(servers[1], source, forged=forged) == status


def test_a_stranger_who_goes_round_nginx_cannot_vouch_for_himself(
    servers: tuple[Gateway, str],
) -> None:
    assert call(servers[0].url, "127.0.0.3", forged="127.0.0.2") == 403


def test_guessing_is_slowed_by_the_address_before_nginx(
    servers: tuple[Gateway, str],
) -> None:
    found = [call(servers[1], "127.0.0.4", token="wrong") for _ in range(25)]
    assert 429 in found and set(found) <= {401, 429}
    assert call(servers[1], "127.0.0.5", token="wrong") == 401
