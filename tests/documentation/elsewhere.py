"""The commands of the documents that cannot be run in a test, each with the reason.

A pattern is matched against the whole command line; `*` stands for anything. What a program listed
here or in `GUARDED` is told otherwise fails, and so does a pattern that no document needs.
"""

from fnmatch import fnmatchcase

NEEDS_SIGNAL = "needs a Signal account and its phone"
NEEDS_PLATFORM = "needs an account or a server of the platform"
CHANGES_MACHINE = "would change this machine"
NEEDS_DOCKER = "needs Docker; test_compose.py runs what is for inside of the container"

ELSEWHERE = {
    "docker run -d *": NEEDS_DOCKER,
    "docker compose up -d": NEEDS_DOCKER,
    "docker compose exec *": NEEDS_DOCKER,
    "signal-cli link -n *": NEEDS_SIGNAL,
    "qrencode -t utf8*": "shows what signal-cli prints",
    "signal-cli daemon --http 127.0.0.1:*": "a stand-in for the daemon is running already",
    "heroku create *": NEEDS_PLATFORM,
    "heroku config:set *": NEEDS_PLATFORM,
    "git push heroku HEAD:main": NEEDS_PLATFORM,
    "git pull --ff-only": "the copy of the tree has no history",
    "dokku apps:create *": NEEDS_PLATFORM,
    "dokku config:set signal-gateway *": NEEDS_PLATFORM,
    "dokku domains:set signal-gateway *": NEEDS_PLATFORM,
    "apt install -y *": CHANGES_MACHINE,
    "useradd --system *": CHANGES_MACHINE,
    "certbot certonly *": "needs a name on the Internet",
    "nginx -t": "tests/test_proxies.py runs the real one with this file",
}

# These change the machine or speak to others: never run, whatever a document says.
GUARDED = (
    "adduser", "apk", "apt", "apt-get", "brew", "certbot", "chown", "dnf", "docker", "dokku", "groupadd",
    "heroku", "journalctl", "kubectl", "mount", "nginx", "npm", "podman", "reboot", "rsync", "scp", "service",
    "signal-cli", "ssh", "systemd-run", "useradd", "usermod",
)  # fmt: skip


def reason(command_line: str) -> str | None:
    """Why the command is not run; None if no pattern fits it."""
    for pattern, why in ELSEWHERE.items():
        if fnmatchcase(command_line, pattern):
            return why
    return None


def stand_ins() -> set[str]:
    """The programs that are never run themselves."""
    return {pattern.split()[0] for pattern in ELSEWHERE} | set(GUARDED)
