"""A configuration of nginx that needs nothing of the machine but its program."""

from pathlib import Path

_FRAME = """
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


def write(folder: Path, inside: str) -> Path:
    """The file, with ``inside`` in its part for HTTP and all that nginx writes in ``folder``."""
    path = folder / "nginx.conf"
    path.write_text(_FRAME.format(folder=folder, inside=inside))
    return path
