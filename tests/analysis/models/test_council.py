"""The rule against the Charter, and against every vote that is printed with its count."""

import itertools
from collections import Counter

import pytest

from analysis.models.council import (
    MEMBERS,
    PERMANENT_MEMBERS,
    Vote,
    adopted,
    passing_patterns,
    unanimous,
    vetoed,
)
from analysis.paths import project_paths
from analysis.sources.calendar import read_events
from analysis.sources.votes import read_votes


@pytest.fixture(scope="module")
def votes():
    return read_votes(project_paths())


def vote_of(row) -> Vote:
    return Vote(row.in_favour, row.against, row.abstaining, row.permanent_against)


def test_every_printed_vote_of_2006_to_2024_came_out_as_the_rule_says(votes):
    assert len(votes) == 7
    assert votes["day"].dt.year.between(2006, 2024).all()
    for row in votes.itertuples():
        assert adopted(vote_of(row)) == row.adopted, row.subject


def test_the_five_resolutions_of_2016_and_2017_were_unanimous(votes):
    resolutions = votes[votes["adopted"]]
    assert list(resolutions["subject"]) == [f"UNSCR {n}" for n in (2270, 2321, 2371, 2375, 2397)]
    assert all(unanimous(vote_of(row)) for row in resolutions.itertuples())


def test_the_drafts_of_2022_and_2024_fell_to_vetoes(votes):
    drafts = votes[~votes["adopted"]]
    assert list(drafts["day"].dt.year) == [2022, 2024]
    assert list(drafts["permanent_against"]) == [2, 1]
    assert all(vetoed(vote_of(row)) for row in drafts.itertuples())


def test_every_resolution_of_the_events_is_adopted_where_its_count_is_known(votes):
    """Five resolutions before 2016 and one of 2017 stand in the events without a count."""
    events = read_events(project_paths())
    named = events.loc[events["event"].str.match(r"UNSCR \d+ adopted"), "event"].str[:10]
    counted = set(votes["subject"])
    assert {name for name in named if name not in counted} == {
        f"UNSCR {n}" for n in (1718, 1874, 2087, 2094, 2356)
    }


@pytest.mark.parametrize("resolution", ["1718", "1874", "2087", "2094"])
def test_the_resolutions_of_2006_to_2013_passed_with_all_in_favour(resolution):
    """Our tables name them without a count; all were unanimous (United Nations press release
    SC/8853 for the first; Arms Control Association, fact sheet on the resolutions, for all)."""
    events = read_events(project_paths())
    assert events["event"].str.startswith(f"UNSCR {resolution} adopted").any()
    assert adopted(Vote(in_favour=MEMBERS)) and unanimous(Vote(in_favour=MEMBERS))


def test_four_permanent_members_may_abstain_as_on_resolution_2504():
    rule = read_events(project_paths()).query("category == 'unsc_rule'")
    assert "2504 (2020) passed with four permanent members abstaining" in " ".join(
        rule["conflict_or_note"].fillna("")
    )
    assert adopted(Vote(in_favour=11, abstaining=4))


@pytest.mark.parametrize(
    ("vote", "passes"),
    [
        (Vote(9, 6, 0), True),
        (Vote(8, 0, 7), False),
        (Vote(14, 1, 0, permanent_against=1), False),
        (Vote(9), True),
        (Vote(10, 0, 5), True),
    ],
)
def test_nine_votes_and_no_veto(vote, passes):
    assert adopted(vote) is passes


@pytest.mark.parametrize(
    "counts", [(-1, 0, 0, 0), (10, 5, 1, 0), (9, 1, 0, 2), (9, 6, 0, PERMANENT_MEMBERS + 1)]
)
def test_votes_that_cannot_be_cast_are_refused(counts):
    with pytest.raises(ValueError, match="expected"):
        Vote(*counts)


def test_passing_patterns_are_those_of_a_small_council_counted_one_by_one():
    """The same sum for the real Council, counted over the sums of each kind of member's votes."""
    permanent = Counter(
        (votes.count("for"), votes.count("against"))
        for votes in itertools.product(("for", "against", "abstain"), repeat=PERMANENT_MEMBERS)
    )
    elected = Counter(
        votes.count("for")
        for votes in itertools.product(
            ("for", "against", "abstain"), repeat=MEMBERS - PERMANENT_MEMBERS
        )
    )
    counted = sum(
        ways * others
        for (in_favour, against), ways in permanent.items()
        for more, others in elected.items()
        if against == 0 and in_favour + more >= 9
    )
    assert passing_patterns() == (counted, 1)
