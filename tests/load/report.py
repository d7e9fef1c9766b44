"""What a scenario prints: a row for each kind of answer, whether its goals are met, and whether the
answers agree with the books of Signal's server."""

import sys
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from tests.load.calls import Told
from tests.standin import Books

# How often Signal may have accepted what was answered so; without an answer nobody knows.
TRUE = {201: {1}, 504: {0, 1}, 0: {0, 1}}


def percentile(values: Collection[float], share: float) -> float:
    """The value below which that share of them lies; NaN if there are none."""
    if not values:
        return float("nan")
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def seconds(told: Iterable[Told]) -> list[float]:
    return [one.seconds for one in told]


def table(title: str, told: Iterable[Told]) -> None:
    """A row for each kind of answer."""
    kinds = defaultdict(list)
    for one in told:
        kinds[one.label].append(one.seconds)
    print(f"\n{title:44} {'count':>6} {'p50 s':>7} {'p99 s':>7} {'max s':>7}")
    for label, found in sorted(kinds.items()):
        print(
            f"  {label:42} {len(found):6} {percentile(found, 0.5):7.3f}"
            f" {percentile(found, 0.99):7.3f} {max(found):7.3f}"
        )


@dataclass
class Goals:
    """Prints each goal beside what was found, and counts those that are missed."""

    missed: int = 0

    def at_most(self, limit: float, what: str, found: float) -> None:
        is_met = found <= limit
        self.missed += not is_met
        print(f"  {what:54}{found:7.3g}  {'' if is_met else 'not '}<= {limit:g}")

    def only(self, labels: Sequence[str], told: Iterable[Told]) -> None:
        """Nobody was told anything else."""
        others = [one for one in told if one.label not in labels]
        self.at_most(0, f"answers other than {', '.join(labels)}", len(others))

    def balanced(self, told: Mapping[str, Told], books: Books) -> None:
        found = contradictions(told, books)
        self.none("contradictions to the books of Signal", found)

    def none(self, what: str, problems: Iterable[str]) -> None:
        found = list(problems)
        self.at_most(0, what, len(found))
        for line in found[:10]:
            print(f"    {line}")

    def exit(self) -> None:
        """End with 1 if a goal is missed."""
        sys.exit(bool(self.missed))


def contradictions(told: Mapping[str, Told], books: Books) -> list[str]:
    """All that cannot be true of these messages, which are known by their unique texts."""
    accepted = Counter(books.accepted)
    documents = [document.get("params", document) for document in books.requests]
    received = Counter(document["message"] for document in documents)
    found = [f"{text}: nobody sent it" for text in received if text not in told]
    for text, one in told.items():
        times = accepted[text]
        if times not in TRUE.get(one.status, {0}):
            found.append(f"{text}: told {one.label}, accepted {times} times")
        if received[text] > 1:
            found.append(f"{text}: handed over {received[text]} times")
    return found
