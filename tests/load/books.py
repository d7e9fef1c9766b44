"""What callers were told, held against what Signal's server got and accepted and against the faults."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.load.calls import Told
from tests.load.faults import Faults, Kill
from tests.load.truth import UNKNOWN_STATUS, is_true
from tests.standin import Books

SECOND = 1.0
WHILE_DOWN = (503, UNKNOWN_STATUS)


@dataclass(frozen=True)
class Verdict:
    """``lost``: told 201 and not accepted. ``double``: accepted or handed over more than once."""

    lost: int
    double: int
    contradictions: list[str]


def verdict(told: Mapping[str, Told], books: Books, faults: Faults) -> Verdict:
    """The messages by their texts, which are unique."""
    accepted = Counter(books.accepted)
    received = Counter(document["message"] for document in books.requests)
    double = [text for text in received if max(accepted[text], received[text]) > 1]
    lost = sum(one.status == 201 and not accepted[text] for text, one in told.items())
    contradictions = [
        *untrue(told, accepted),
        *(f"{text}: handed over {received[text]} times" for text in double),
        *(f"{text}: nobody sent it" for text in received if text not in told),
        *unexplained(told, faults.down),
        *unanswered(told, faults.kills),
    ]
    return Verdict(lost, len(double), contradictions)


def untrue(told: Mapping[str, Told], accepted: Counter[str]) -> list[str]:
    """Answers that Signal's books contradict. Who got none knows as little as with a 504."""
    return [
        f"{text}: told {one.label}, accepted {accepted[text]} times"
        for text, one in told.items()
        if not is_true(one.status or UNKNOWN_STATUS, accepted[text])
    ]


def unexplained(
    told: Mapping[str, Told], down: Sequence[tuple[float, float]]
) -> list[str]:
    """Answers other than 201 that Signal's absence does not explain."""

    def is_explained(one: Told) -> bool:
        return one.status in WHILE_DOWN and any(
            start <= one.ended and one.started <= end + SECOND for start, end in down
        )

    return [
        f"{text}: told {one.label} while Signal was up"
        for text, one in told.items()
        if one.status not in (0, 201) and not is_explained(one)
    ]


def unanswered(told: Mapping[str, Told], kills: Sequence[Kill]) -> list[str]:
    """Requests without an answer, but for those that a killed worker had in its hands."""
    left = {text: one for text, one in told.items() if not one.status}
    problems = []
    for kill in kills:
        here = [text for text, one in left.items() if _is_just_after(kill, one)]
        for text in here:
            del left[text]
        if len(here) > kill.held:
            problems.append(
                f"{len(here)} without an answer after a kill, of {kill.held} in the worker's hands"
            )
    return problems + [
        f"{text}: {one.label}, and no worker was killed" for text, one in left.items()
    ]


def _is_just_after(kill: Kill, one: Told) -> bool:
    return 0 <= one.ended - kill.moment <= SECOND
