"""What callers were told, held against what Signal's server got and accepted."""

from collections import Counter
from collections.abc import Mapping

from tests.load.calls import Told
from tests.standin import Books

UNKNOWN_STATUS = 504


def contradictions(told: Mapping[str, Told], books: Books) -> list[str]:
    """All that cannot be true of these messages, which are known by their unique texts."""
    accepted = Counter(books.accepted)
    received = Counter(
        document.get("params", document)["message"] for document in books.requests
    )
    return [
        *(
            f"{text}: told {one.label}, accepted {accepted[text]} times"
            for text, one in told.items()
            if not is_true(one.status, accepted[text])
        ),
        *(
            f"{text}: handed over {times} times"
            for text, times in received.items()
            if times > 1
        ),
        *(f"{text}: nobody sent it" for text in received if text not in told),
    ]


def is_true(status: int, accepted: int) -> bool:
    """Who got no answer knows as little as with a 504."""
    if status == 201:
        return accepted == 1
    return accepted <= (1 if status in (0, UNKNOWN_STATUS) else 0)
