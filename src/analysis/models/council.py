"""The Security Council's rule for a resolution, as a function of a vote.

Charter, Article 27(3): nine affirmative votes, the concurring votes of the permanent members
included. In the Council's practice a permanent member that abstains does not block.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

MEMBERS, PERMANENT_MEMBERS, VOTES_NEEDED = 15, 5, 9


@dataclass(frozen=True)
class Vote:
    """Votes in favour, against and abstentions, and how many permanent members voted against.

    Members that did not take part are in none. Raises ValueError for a vote that the Council
    cannot have cast.
    """

    in_favour: int
    against: int = 0
    abstaining: int = 0
    permanent_against: int = 0

    def __post_init__(self) -> None:
        counts = (self.in_favour, self.against, self.abstaining, self.permanent_against)
        if min(counts) < 0 or sum(counts[:3]) > MEMBERS:
            raise ValueError(f"expected counts from 0 that add up to {MEMBERS} or less: {self}")
        if self.permanent_against > min(self.against, PERMANENT_MEMBERS):
            raise ValueError(f"expected no more permanent members against than votes: {self}")


def adopted(vote: Vote) -> bool:
    """Whether a resolution passes: nine in favour, and no permanent member against.

    >>> adopted(Vote(15)), adopted(Vote(9, 0, 6)), adopted(Vote(13, 2, 0, permanent_against=2))
    (True, True, False)
    """
    return vote.in_favour >= VOTES_NEEDED and vote.permanent_against == 0


def vetoed(vote: Vote) -> bool:
    """Whether the votes would do and a permanent member against them is all that stops it."""
    return vote.in_favour >= VOTES_NEEDED and vote.permanent_against > 0


def unanimous(vote: Vote) -> bool:
    """Whether all fifteen members voted in favour."""
    return vote.in_favour == MEMBERS


def passing_patterns() -> tuple[int, int]:
    """Of all ways in which fifteen members can vote (for, against, abstain): how many pass, and
    how many of those have all fifteen in favour.

    Permanent members vote for or abstain, elected ones as they like.
    """
    elected = MEMBERS - PERMANENT_MEMBERS
    passing = sum(
        math.comb(PERMANENT_MEMBERS, permanent)
        * math.comb(elected, others)
        * 2 ** (elected - others)
        for permanent in range(PERMANENT_MEMBERS + 1)
        for others in range(elected + 1)
        if permanent + others >= VOTES_NEEDED
    )
    return passing, 1
