"""nginx and Caddy as docs/deploy sets them up: the real programs with the real files, on ports of a test."""

import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.gateway import ROOT, free_port, process

DEPLOY = ROOT / "docs/deploy"
_NGINX = """
daemon off;
user root;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  {inside}
}}
"""
_CADDY = """auto_https disable_redirects
admin off
default_bind 127.0.0.1
http_port {http}
https_port {https}
"""


@dataclass(frozen=True)
class Proxy:
    """A running proxy: its addresses with and without TLS, and what it wrote into its logs."""

    https: str
    http: str
    certificate: Path
    folder: Path

    @property
    def logs(self) -> str:
        return "".join(log.read_text() for log in self.folder.glob("*.log"))


def make_certificate(folder: Path) -> Path:
    """A certificate for localhost, with its key in ``key.pem`` beside it."""
    path = folder / "certificate.pem"
    subprocess.run(
        [
            "openssl", "req", "-x509", "-nodes", "-days", "2", "-newkey", "rsa:2048",
            "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
            "-keyout", str(folder / "key.pem"), "-out", str(path),
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    return path


@contextmanager
def running(kind: str, folder: Path, instances: Sequence[int]) -> Iterator[Proxy]:
    """``nginx`` or ``caddy`` before the gateways on these ports: one of them, with nginx also two."""
    certificate = make_certificate(folder)
    http, https = free_port(), free_port()
    prepare = {"nginx": _nginx, "caddy": _caddy}[kind]
    with _started(kind, prepare(folder, instances, http, https), folder, https):
        urls = f"https://localhost:{https}", f"http://localhost:{http}"
        yield Proxy(*urls, certificate, folder)


@contextmanager
def guarding_signal(folder: Path, signal: int, password: str) -> Iterator[int]:
    """The port of nginx with a password, but without TLS, before Signal's server on another port."""
    port = free_port()
    text = (DEPLOY / "signal-server.conf").read_text()
    text = re.sub(r" *(listen \[::\]:|ssl_).*\n", "", text)
    replacements = {
        "listen 443 ssl;": f"listen 127.0.0.1:{port};",
        "http://127.0.0.1:8080": f"http://127.0.0.1:{signal}",
        "/etc/nginx/signal-server.htpasswd;": f"{folder}/htpasswd;",
    }
    text = _replaced(text, replacements)
    (folder / "server.conf").write_text(f"access_log {folder}/access.log;\n{text}")
    configuration = write_nginx(folder, f"include {folder}/server.conf;")
    digest = ["openssl", "passwd", "-apr1", password]
    hashed = subprocess.run(digest, capture_output=True, text=True, check=True).stdout
    (folder / "htpasswd").write_text(f"gateway:{hashed}")
    with _started("nginx", ["-c", str(configuration)], folder, port):
        yield port


def write_nginx(folder: Path, inside: str) -> Path:
    """nginx.conf with ``inside`` in its part for HTTP; all that nginx writes is in ``folder``."""
    path = folder / "nginx.conf"
    path.write_text(_NGINX.format(folder=folder, inside=inside))
    return path


@contextmanager
def _started(
    program: str, arguments: Sequence[str], folder: Path, port: int
) -> Iterator[None]:
    with open(folder / "output.log", "w") as output:
        with process([program, *arguments], port, {"HOME": str(folder)}, output):
            yield


def _nginx(folder: Path, instances: Sequence[int], http: int, https: int) -> list[str]:
    text = (DEPLOY / "nginx.conf").read_text()
    text = re.sub(r" *listen \[::\]:.*\n", "", text)
    replacements = {
        "gateway.example.com;": "localhost;",
        "/etc/letsencrypt/live/gateway.example.com/fullchain.pem": f"{folder}/certificate.pem",
        "/etc/letsencrypt/live/gateway.example.com/privkey.pem": f"{folder}/key.pem",
        "/var/log/nginx/signal-gateway.log": f"{folder}/access.log",
        "listen 80;": f"listen 127.0.0.1:{http};",
        "listen 443 ssl;": f"listen 127.0.0.1:{https} ssl;",
        "server 127.0.0.1:8880": f"server 127.0.0.1:{instances[0]}",
    }
    if len(instances) > 1:
        second = f"server 127.0.0.1:{instances[1]}"
        replacements["#server 127.0.0.1:8881"] = second
    (folder / "server.conf").write_text(_replaced(text, replacements))
    return ["-c", str(write_nginx(folder, f"include {folder}/server.conf;"))]


def _caddy(folder: Path, instances: Sequence[int], http: int, https: int) -> list[str]:
    text = (DEPLOY / "Caddyfile").read_text()
    tls = f"\nlocalhost {{\n\ttls {folder}/certificate.pem {folder}/key.pem\n"
    replacements = {
        "auto_https disable_redirects\n": _CADDY.format(http=http, https=https),
        "\nhttp://gateway.example.com {\n": "\nhttp://localhost {\n",
        "\ngateway.example.com {\n": tls,
        "127.0.0.1:8880": f"127.0.0.1:{instances[0]}",
    }
    (folder / "Caddyfile").write_text(_replaced(text, replacements))
    return ["run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


def _replaced(text: str, replacements: Mapping[str, str]) -> str:
    for written, wanted in replacements.items():
        assert written in text, written
        text = text.replace(written, wanted)
    return text
