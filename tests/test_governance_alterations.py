"""What follows from the plan alone is exact on every platform, wherever it stands and however it is
written; what was computed is not free either.
"""

import re

import pytest

from bundles import OTHER, PROPOSAL, example, forged, put_file
from tokenomics.governance.bundle.crate import METADATA
from tokenomics.governance.verify.verify import verify

pytestmark = pytest.mark.usefixtures("pages_are_made_once")

WANTED = {
    "on_chain": {"supply.burn_share": {"decimals": 18, "unit": "wei", "multiply": 1000}},
    "alternatives": {"less": {"supply.burn_share": 0.4}},
    "watch": [{"metric": "churn", "quantile": 0.9}],
    "limits": [
        {"limit": "churn <= 5", "reason": "at most 7 in 100"},
        {"limit": "price_volatility <= 0.25", "of": "change"},
    ],
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        for key, value in WANTED.items():
            patch.setitem(PROPOSAL, key, value)
        yield example(tmp_path_factory.mktemp("bundle"))


TEXT = ("report.md", "report.html")
# what, in which files, what stands there, what is put in its place
ALTERATIONS = [
    ("a proposed value", TEXT, r"(supply\.burn_(?:<wbr>)?share\D+?0\.5\D+?)0\.3\b", r"\g<1>0.3001"),
    ("today's value", TEXT, r"(supply\.burn_(?:<wbr>)?share\D+?)0\.5\b", r"\g<1>0.5001"),
    (
        "a proposed value in another form",
        TEXT,
        r"(supply\.burn_(?:<wbr>)?share\D+?0\.5\D+?)0\.3\b",
        r"\g<1>3.0e-1",
    ),
    (
        "a proposed value with a zero",
        TEXT,
        r"(supply\.burn_(?:<wbr>)?share\D+?0\.5\D+?)0\.3\b",
        r"\g<1>0.30",
    ),
    (
        "a proposed value with a sign",
        TEXT,
        r"(supply\.burn_(?:<wbr>)?share\D+?0\.5\D+?)0\.3\b",
        r"\g<1>+0.3",
    ),
    (
        "a proposed value in other digits",
        TEXT,
        r"(supply\.burn_(?:<wbr>)?share\D+?0\.5\D+?)0\.3\b",
        "\\g<1>\u0660.\u0663",
    ),
    ("an integer of a contract", TEXT, r"300000000000000000000", "3.001e20"),
    ("an integer of a contract in another form", TEXT, r"500000000000000000000", "5e20"),
    ("decimals of a contract", TEXT, r"(wei\D+)18\b", r"\g<1>18.01"),
    ("a conversion", TEXT, r"10\^18", "10^18.01"),
    ("a factor of a conversion", TEXT, r"× 1000\b", "× 1e3"),
    ("a limit", TEXT, r"churn (<=|&lt;=) 5\b", r"churn \1 5.001"),
    ("a limit with decimals", TEXT, r"(<=|&lt;=) 0\.25\b", r"\1 0.2501"),
    ("a limit's reason", TEXT, r"at most 7 in 100", "at most 7.001 in 100"),
    ("a seed", TEXT, r"seed 6\b", "seed 6.001"),
    ("runs", TEXT, r"\b5 runs in each", "5.001 runs in each"),
    ("runs that were varied", TEXT, r"first 3 runs", "first 3.001 runs"),
    ("days", TEXT, r"12 days", "12.01 days"),
    ("a level of confidence", TEXT, r"95 % interval", "95.01 % interval"),
    ("a share of wrong checks", TEXT, r"1 of 40 cases", "1 of 40.01 cases"),
    ("a quantile", TEXT, r"(1/year\D+)0\.9\b", r"\g<1>0.9001"),
    ("a value that was varied", TEXT, r"share = 0\.24", "share = 0.2401"),
    ("an alternative's value", TEXT, r"(less\D+alternative\D+5\D+)0\.4\b", r"\g<1>0.4001"),
    ("a share of the fees", TEXT, r"(proposed\D+0\.3\D+?)0\.1\b", r"\g<1>0.1001"),
    ("a scenario's value", TEXT, r"size = -0\.916291", "size = -0.9163"),
    ("a count of simulations", TEXT, r"holds 66 simulated", "holds 66.01 simulated"),
    ("a count of checks", TEXT, r"\b(\d) checks\b", r"\g<1>.001 checks"),
    ("a version", TEXT, r"tokenomics 0\.(\d+)", r"tokenomics 0.\g<1>001"),
    ("a width of the page", ("report.html",), r"1\.55 system", "1.5501 system"),
    ("a step of the sensitivity", TEXT, r"(sensitivity\D+3\D+)0\.24\b", r"\g<1>0.2401"),
    ("a limit in a table", ("data/checks.csv",), r"churn <= 5,", "churn <= 5.000000001,"),
    ("a reason in a table", ("data/checks.csv",), r"in 100", "in 100.00000001"),
    ("runs in a table", ("data/means.csv",), r",5,1/year", ",5.000000001,1/year"),
    ("a count in a table", ("data/failures.csv",), r",5,0,0", ",5.000000001,0,0"),
    ("a count of verdicts", ("data/alternatives.csv",), r"less,(\d)", r"less,\1.000000001"),
    ("a share in a table", ("data/fees.csv",), r"0\.3\b", "0.3000000001"),
    ("a supply in a table", ("data/supply.csv",), r"100000000\.0", "100000000.01"),
    ("a supply in another form", ("data/supply.csv",), r"100000000\.0", "1e8"),
    ("a quantile in a table", ("data/watch.csv",), r",0\.9,", ",0.9000000001,"),
    (
        "a share of better runs",
        ("data/differences.csv",),
        r"(1/year\n[^\n]*5,)(0\.\d|1\.0|0\.0)\b",
        r"\g<1>\g<2>000000001",
    ),
    ("a computed number in another form", ("data/means.csv",), r"(churn,\d\.\d+)", r"\g<1>0"),
    (
        "a computed number with an exponent",
        ("data/means.csv",),
        r"churn,(\d\.\d+)",
        r"churn,\1e+00",
    ),
    (
        "a computed number by one digit",
        TEXT,
        r"(churn \[1/year\]\D+\d\.\d\d)(\d)",
        lambda m: m[1] + str((int(m[2]) + 1) % 10),
    ),
    ("a computed number with a digit more", TEXT, r"(churn \[1/year\]\D+\d\.\d\d\d)", r"\g<1>0"),
    ("a year of a citation", ("citation.bib",), r"2026", "2026.001"),
    ("a version of a format", ("CITATION.cff",), r"1\.2\.0", "1.2001.0"),
    ("runs in an abstract", ("CITATION.cff", "citation.json"), r"\b5 runs", "5.001 runs"),
    ("a version in a citation", ("citation.json",), r'"0\.(\d+)\.0"', r'"0.\g<1>001.0"'),
    ("a profile's version", (METADATA,), r'"0\.5"', '"0.5001"'),
    ("runs in the metadata", (METADATA,), r"\b5 runs", "5.001 runs"),
    (
        "a label of a figure",
        ("figures/limits.svg",),
        r"at most 5(?=\D)",
        "at most 5.00001",
    ),
    (
        "a colour of a figure",
        ("figures/limits.svg",),
        r"stroke-dasharray: \d+\.\d",
        lambda m: m[0] + "00001",
    ),
    (
        "a parameter file",
        ("inputs/parameters-1-none.yaml",),
        r"value: 0\.5\n",
        "value: 0.5000000000001\n",
    ),
]


@pytest.mark.slow_after(25)
@pytest.mark.parametrize("what", [what for what, *_ in ALTERATIONS])
def test_an_alteration_is_found_where_the_maker_names_another_platform(made, tmp_path, what):
    _, names, old, new = next(one for one in ALTERATIONS if one[0] == what)
    changed = {}
    for name in names:
        text = (made[0] / name).read_text(encoding="utf-8")
        changed[name] = re.sub(old, new, text, count=1, flags=re.S)
        assert changed[name] != text, f"{what} is not in {name}"
    folder = forged(
        made,
        tmp_path / "f",
        {name: text.encode() for name, text in changed.items() if name != METADATA},
        platform=OTHER,
    )
    if METADATA in changed:
        put_file(folder, METADATA, changed[METADATA].encode())
    found = verify(folder, sample=1e-9, sample_seed=1, workers=1)
    assert {one.file for one in found.findings} == set(changed), found.lines()
    assert found.exit_status == 1


def test_an_untouched_bundle_of_another_platform_is_verified(made, tmp_path):
    found = verify(
        forged(made, tmp_path / "f", {}, platform=OTHER), sample=1e-9, sample_seed=1, workers=1
    )
    assert (found.status, found.findings) == ("verified", ())
