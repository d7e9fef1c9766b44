"""The commands of the documents that cannot be run in a test, each with the reason.

A pattern is matched against the whole command line; `*` stands for anything. What a program listed
here or in `GUARDED` is told otherwise fails, and so does a pattern that no document needs.
"""

from fnmatch import fnmatchcase

NEEDS_SIGNAL = "needs a Signal account and its phone"

ELSEWHERE = {
    "signal-cli link -n *": NEEDS_SIGNAL,
    "signal-cli daemon --http 127.0.0.1:*": "a stand-in for the daemon is running already",
    "signal-cli -a +* submitRateLimitChallenge *": NEEDS_SIGNAL,
}

# These change the machine or speak to others: never run, whatever a document says.
GUARDED = (
    "adduser", "apk", "apt", "apt-get", "brew", "certbot", "chown", "dnf", "docker", "dokku", "groupadd",
    "heroku", "journalctl", "kubectl", "mount", "nginx", "npm", "podman", "reboot", "rsync", "scp", "service",
    "signal-cli", "ssh", "systemctl", "systemd-run", "useradd", "usermod",
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
