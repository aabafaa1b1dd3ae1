"""How each claim of data/raw/claims.csv is judged: by which findings, and by which rules.

Where a claim is in words, the line that a number has to pass is set here, with its reason; that
choice is open to dispute, and the ledger prints it beside the verdict.
"""

from __future__ import annotations

from analysis.ledger import Above, Below, Entry, Meets, Part

#: "All key exports": the banned goods are at least three quarters of what was sold.
KEY_SHARE = 75.0
#: "Over 90 per cent".
NINETY = 90.0
#: "Largely": at least half of what would have been.
HALF = -50.0
#: "One third", "90 per cent": words that round to this many points of a per cent.
IN_WORDS = 2.0
ROUNDED_TO_TENS = 5.0
#: Leverage is lost early when this share of the revenue is back within a year.
EARLY_RETURN = 25.0
#: Tests have ceased, in the sense of a claim about the present, after a year without one.
YEAR_WITHOUT = 12.0
#: "Remaining", "left to lose": more than a trace. One per cent of recorded imports of 2016
#: (USD million, of 2,570), a tenth of recorded exports, as much oil again as the cap (million
#: barrels), and more than one call a month.
TRACE_MN = 25.7
TENTH = 10.0
CAP_AGAIN = 0.5
CALL_A_MONTH = 12.0
#: The effect on exports by the engine that takes the price of oil as a control.
OIL = "effect-export: with the price of oil"


def other_readings(finding: str, *labels: str) -> dict[str, str]:
    """Names of what `finding` says by other definitions, by the label that it gives each.

    >>> other_readings("claim-b5", "2018")
    {'2018': 'claim-b5: 2018'}
    """
    return {label: f"{finding}: {label}" for label in labels}


ENTRIES = (
    Entry(
        "A1",
        tables=("petroleum_caps",),
        main="claim-a1",
        parts=(Part("half a million barrels a year", Meets("500,000"), {"the rules": "claim-a1"}),),
        fair="The cap is {cap:,.0f} barrels a year from January 2018, for all states together.",
        numbers={"cap": "claim-a1"},
        steady="the resolution sets the number; no vintage, definition or window enters it",
    ),
    Entry(
        "A2",
        tables=("petroleum_caps",),
        main="claim-a2",
        parts=(
            Part(
                "a reduction of 90 per cent",
                Meets("-90", within=ROUNDED_TO_TENS),
                {
                    "against the United States estimate for 2016": "claim-a2",
                    "against the rule that it replaced": "claim-a2: rule replaced",
                    "against the lowest estimate": "claim-a2: lowest estimate",
                },
            ),
        ),
        fair="The ceiling lies {cut_fall:.0f} % below a United States estimate of deliveries in "
        "2016 and {rule_fall:.0f} % below the ceiling that it replaced; what arrived is another "
        "matter.",
        numbers={"cut": "claim-a2", "rule": "claim-a2: rule replaced"},
        sensitivity={
            "the rule replaced": "claim-a2: rule replaced",
            "the lowest estimate": "claim-a2: lowest estimate",
        },
    ),
    Entry(
        "A3",
        tables=("gacc_commodities", "sanctions_hs_map", "sanctions_treatments"),
        main="claim-a3",
        parts=(
            Part(
                "the bans cover all key exports",
                Above(KEY_SHARE),
                {"share of recorded imports in 2016": "claim-a3"},
            ),
        ),
        fair="The goods named were between {share_lower:.0f} and {share_upper:.0f} % of what China "
        "recorded as imports from North Korea in 2016.",
        numbers={"share": "claim-a3"},
        sensitivity=other_readings(
            "claim-a3",
            "the bans of August 2017 alone",
            "with the food of December 2017",
            "with all ores held to be banned ones",
            "of the total behind the printed shares",
        ),
    ),
    Entry(
        "A4",
        tables=("dprk_total_trade_annual",),
        main="claim-a4",
        parts=(
            Part(
                "exports to China are over 90 per cent of external trade",
                Above(NINETY),
                {"exports to China in total trade": "claim-a4"},
            ),
        ),
        fair="In 2017 China's share in North Korea's recorded exports was {exports:.0f} %, and in "
        "its recorded trade {total:.0f} %; exports to China were {share:.0f} % of the trade.",
        numbers={
            "share": "claim-a4",
            "exports": "claim-a4: China in exports",
            "total": "claim-a4: China in total trade",
        },
        sensitivity=other_readings("claim-a4", "China in exports", "China in total trade"),
    ),
    Entry(
        "A5",
        tables=("gacc_totals",),
        main="claim-a5",
        parts=(
            Part(
                "exports to China fell by one third",
                Meets("-33.3", within=IN_WORDS),
                {
                    "as the customs office divides": "claim-a5",
                    "months as first released": "claim-a5: months as first released",
                },
            ),
        ),
        fair="China's recorded imports from North Korea fell by {office_fall:.0f} % in 2017 on the "
        "customs office's corrected base, and by {first_fall:.0f} % if its months are added up as "
        "first released.",
        numbers={"office": "claim-a5", "first": "claim-a5: months as first released"},
        sensitivity={"months as first released": "claim-a5: months as first released"},
    ),
    Entry(
        "A6",
        tables=("gacc_totals",),
        main="claim-a6",
        parts=(
            Part(
                "54.7 per cent below, by Chinese customs data",
                Meets("-54.7"),
                {"as the customs office divides": "claim-a6"},
            ),
        ),
        fair="As the customs office divides, trade in January to October 2018 was "
        "{office_fall:.1f} % below a year before; months as first released give "
        "{first_fall:.1f} %.",
        numbers={"office": "claim-a6", "first": "claim-a6: months as first released"},
        sensitivity=other_readings(
            "claim-a6", "months as first released", "year to date over first releases"
        ),
    ),
    Entry(
        "A7",
        tables=("gacc_commodities", "events"),
        main="claim-a7",
        parts=(
            Part("1.6 million tonnes in August 2017", Meets("1.6"), {"as printed": "claim-a7"}),
            Part(
                "zero in the first quarter of 2018",
                needs="China's coal figures for January to March 2018: print and tables of ours "
                "end with the zeros of December 2017",
            ),
        ),
        fair="China recorded {august:.2f} million tonnes of coal in August 2017, cargoes that a "
        "suspension had stranded since February, and none in October to December.",
        numbers={"august": "claim-a7"},
        sensitivity=other_readings("claim-a7", "August 2017, the coarser print", "September 2017"),
    ),
    Entry(
        "A8",
        tables=("petroleum_caps", "gacc_petroleum", "gacc_totals"),
        main="claim-a8",
        parts=(
            Part(
                "China did not end the supply of crude oil",
                needs="a record of the pipeline: customs have published no crude since 2014",
            ),
            Part(
                "nor block all remaining exports",
                Above(TRACE_MN),
                {"recorded imports of 2019": "claim-b5"},
            ),
        ),
        fair="The rules cap crude at about what the pipeline is said to carry ({crude:.0f} % of "
        "the cap), and whether it flowed is not recorded; other goods went on at USD {rest:,.0f} "
        "million in 2019.",
        numbers={"crude": "claim-a8", "rest": "claim-b5"},
        sensitivity={
            "crude recorded, 2013": "claim-a8: recorded, 2013",
            "crude imputed by KOTRA, 2018 and 2019": "claim-a8: imputed by KOTRA, 2018 and 2019",
            "crude as the press told it": "claim-a8: as the press told it",
            "imports of 2018": "claim-b5: 2018",
            "imports of 2019, months as first released": "claim-b5: 2019, months as first released",
        },
    ),
    Entry(
        "A9",
        tables=("gacc_totals", "brent_monthly"),
        main="claim-a9",
        parts=(
            Part(
                "largely effective: half of recorded trade or more was lost",
                Below(HALF),
                {
                    "China's imports": "effect-import",
                    "China's exports": "effect-export",
                    "China's exports, with the price of oil": OIL,
                    "both directions": "claim-a9",
                },
            ),
        ),
        fair="Against what would have been, recorded imports were {imports_fall:.0f} % lower "
        "({imports_fall_lower:.0f} to {imports_fall_upper:.0f}); exports differ by {exports:.0f} % "
        "({exports_lower:.0f} to {exports_upper:.0f}), or {oil:.0f} % ({oil_lower:.0f} to "
        "{oil_upper:.0f}) where the price of oil is held to drive them.",
        numbers={"imports": "effect-import", "exports": "effect-export", "oil": OIL},
        sensitivity={
            "China's imports": "effect-import",
            "China's exports": "effect-export",
            "China's exports, with the price of oil": OIL,
        },
    ),
    Entry(
        "A10",
        tables=("gacc_totals", "petroleum_illicit_estimates"),
        main="claim-a10",
        parts=(
            Part("trade was left to lose", Above(TENTH), {"recorded exports of 2018": "claim-a10"}),
            Part(
                "deliveries beside the record were left to stop",
                Above(CAP_AGAIN),
                {"tankers of 2018": "claim-a10-oil"},
            ),
        ),
        fair="In 2018 China still recorded exports at {rest:.0f} % of 2016, and counted "
        "tanker calls, taken to be unreported, likely brought {oil:.1f} million barrels.",
        numbers={"rest": "claim-a10", "oil": "claim-a10-oil"},
        sensitivity={
            **other_readings(
                "claim-a10",
                "exports of 2019",
                "exports of 2018, months as first released",
                "imports of 2018",
            ),
            **other_readings("claim-a10-oil", "tankers of 2019", "tankers of 2020"),
        },
    ),
    Entry(
        "A11",
        tables=("events",),
        main="claim-a11",
        parts=(
            Part("the Council voted as one", Meets("100"), {"votes to January 2019": "claim-a11"}),
            Part("by the campaign", needs="the counts of the Council's votes before 2016"),
        ),
        fair="Of the votes of the campaign whose counts we have {share:.0f} % were unanimous; that "
        "the campaign brought this about is not shown, and drafts voted on since were vetoed.",
        numbers={"share": "claim-a11"},
        sensitivity=other_readings("claim-a11", "with the drafts voted on since"),
    ),
    Entry(
        "A12",
        tables=("events",),
        main="claim-a12",
        parts=(
            Part("nine votes and no veto", Meets("9"), {"the Charter": "claim-a12"}),
            Part("all fifteen members must vote for it", Meets("15"), {"the Charter": "claim-a12"}),
        ),
        fair="Easing needs {votes:.0f} votes in favour and no veto by a permanent member; it does "
        "not need all members.",
        numbers={"votes": "claim-a12"},
        steady="a rule of the Charter; no vintage, definition or window enters it",
    ),
    Entry(
        "A13",
        tables=("events",),
        main="claim-a13",
        parts=(
            Part("no test for a year", Above(YEAR_WITHOUT), {"months without one": "claim-a13"}),
            Part(
                "and none to come",
                needs="a full list of launches after January 2019: the table of events has none",
            ),
        ),
        fair="When the text appeared, {months:.0f} months had passed without a test that our table "
        "lists; whether that was an end or a pause could not be known.",
        numbers={"months": "claim-a13"},
        sensitivity=other_readings(
            "claim-a13",
            "counted from the last nuclear test",
            "counted from the last missile",
            "whole months between",
        ),
    ),
    Entry(
        "A14",
        tables=("gacc_totals",),
        main="claim-a14",
        parts=(
            Part(
                "recorded imports rose after the summit",
                Above(0.0),
                {"June to December against February to May": "claim-a14"},
                needs="more months between the last ban and the summit, or the recorded trade by "
                "product",
                carried_by="months-before-summit",
            ),
        ),
        fair="Recorded imports changed by {change:.0f} % ({change_lower:.0f} to "
        "{change_upper:.0f}) after the summit, on too few months before it to call it easing.",
        numbers={"change": "claim-a14"},
        sensitivity=other_readings("claim-a14", "China's exports", "to December 2019"),
    ),
    Entry(
        "A15",
        tables=("gacc_totals", "gacc_commodities"),
        main="claim-a15",
        parts=(
            Part(
                "lifting would soon give back what the bans took",
                Above(EARLY_RETURN),
                {"scenario, twelve months after lifting all": "claim-a15"},
            ),
            Part("that this is leverage", needs="what North Korea would give for it"),
        ),
        fair="As a scenario, {back:.1f} % ({back_lower:.1f} to {back_upper:.1f}) of the revenue of "
        "2016 from the banned goods would flow again a year after all bans were lifted.",
        numbers={"back": "claim-a15"},
        sensitivity=other_readings(
            "claim-a15",
            "after six months",
            "after two years",
            "trade back from January 2022",
            "trade back from September 2022",
            "half returns in the end",
        ),
    ),
    Entry(
        "B1",
        tables=("gacc_totals",),
        main="claim-b1",
        parts=(
            Part(
                "recorded imports fell below what would have been",
                Below(0.0),
                {"2018, under the later bans": "claim-b1"},
            ),
            Part(
                "by strictness, not by the wider scope of the bans",
                needs="what China cleared of goods that were banned before and after alike",
            ),
        ),
        fair="In 2018 recorded imports stood {gap_fall:.0f} % ({gap_fall_lower:.0f} to "
        "{gap_fall_upper:.0f}) below what would have been; strictness and scope cannot be told "
        "apart in the sum.",
        numbers={"gap": "claim-b1"},
        sensitivity={
            **other_readings(
                "claim-b1",
                "with the price of oil",
                "months as first released",
                "training to February 2016",
            ),
            "2019 instead": "claim-b1: 2019",
        },
    ),
    Entry(
        "B2",
        tables=("gacc_totals",),
        main="claim-b2",
        parts=(
            Part(
                "recorded imports rose by May 2018",
                Above(0.0),
                {"April and May against February and March": "claim-b2"},
                needs="a year of months under all bans, or the recorded trade by product",
                carried_by="months-before-summit: before the spring",
            ),
        ),
        fair="From February and March to April and May 2018 recorded imports changed by "
        "{change:.0f} % ({change_lower:.0f} to {change_upper:.0f}): two months against two.",
        numbers={"change": "claim-b2"},
        sensitivity={"China's exports": "claim-b2: China's exports"},
    ),
    Entry(
        "B3",
        tables=("dprk_total_trade_annual", "gacc_commodities"),
        main="claim-b3",
        parts=(
            Part(
                "China is the partner that decides",
                Above(NINETY),
                {"China in recorded trade, 2018": "claim-b3"},
            ),
            Part("at a time of its choosing", needs="what binds China's choice"),
        ),
        fair="Between {share_lower:.0f} and {share_upper:.0f} % of North Korea's recorded trade in "
        "2018 was with China; when China would use that is not something figures measure.",
        numbers={"share": "claim-b3"},
        sensitivity=other_readings(
            "claim-b3",
            "China in total trade, KOTRA",
            "the same without the crude that KOTRA adds",
            "China in exports",
        ),
    ),
    Entry(
        "B4",
        tables=("petroleum_illicit_estimates", "gacc_commodities"),
        main="claim-b4-oil",
        parts=(
            Part(
                "tankers went round the cap",
                Above(CALL_A_MONTH),
                {"calls of 2018": "claim-b4-oil"},
            ),
            Part(
                "trade moved to goods that are not banned",
                needs="the same goods before the bans: our tables have them from 2019 on",
            ),
        ),
        fair="{calls:,.0f} tanker calls were counted in 2018, taken here to be unreported; goods "
        "that are not banned made up at most {offset_upper:.1f} % of the loss of recorded imports "
        "by 2019.",
        numbers={"calls": "claim-b4-oil", "offset": "claim-b4-goods"},
        sensitivity={
            **other_readings("claim-b4-oil", "calls of 2019", "calls of 2020"),
            "barrels of 2018 that nobody reported": "claim-a10-oil",
            **other_readings("claim-b4-goods", "wigs alone, 2023"),
        },
    ),
    Entry(
        "B5",
        tables=("gacc_totals", "petroleum_illicit_estimates"),
        main="claim-b5",
        parts=(
            Part("recorded channels were left", Above(TRACE_MN), {"imports of 2019": "claim-b5"}),
            Part(
                "and others beside the record",
                Above(CAP_AGAIN),
                {"tankers of 2018": "claim-b5-oil"},
            ),
        ),
        fair="Closing every recorded channel could have taken USD {rest:,.0f} million of revenue a "
        "year at most, and closing the tanker route {oil:.1f} million barrels.",
        numbers={"rest": "claim-b5", "oil": "claim-b5-oil"},
        sensitivity={
            "imports of 2018": "claim-b5: 2018",
            "imports of 2019, months as first released": "claim-b5: 2019, months as first released",
            **other_readings("claim-b5-oil", "tankers of 2019", "tankers of 2020"),
        },
    ),
)
