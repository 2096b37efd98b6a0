"""README and docs: their commands run or at least parse, their Python runs or at least fits, their
links lead somewhere, their tables are current.
"""

import ast
import inspect
import re
import shlex

import matplotlib
import pytest

import tokenomics as tk
from documentation import DIAGRAM, PAGES, PART, ROOT, diagram, renewed
from paths import command, commands
from tokenomics.experiments import own_code
from tokenomics.experiments.own_code import only

README = ROOT / "README.md"
# options that make an example a matter of seconds
SMALL = {
    "propose": ["--no-worlds", "--no-figures"],
    "compare": ["--days", "30", "--no-figures"],
    "run": ["--days", "30"],
}
IDS = [page.stem for page in PAGES]


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.S | re.M)


def lines(page):
    """The page's commands of this package, as lists of arguments."""
    for block in blocks(page, "sh"):
        for line in block.replace("\\\n", " ").splitlines():
            for part in re.split(r"&&|;", line):
                words = shlex.split(part, comments=True)
                if words[:1] == ["tokenomics"]:
                    yield words[1:]


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_generated_parts_are_what_the_commands_print(page):
    text = page.read_text()
    assert renewed(text) == text, f"{page.name}: run python tests/documentation.py"


def test_the_picture_of_a_step_is_current():
    assert DIAGRAM.read_text() == diagram(), "run python tests/documentation.py"


def test_every_generated_part_has_its_marks():
    found = {page.stem: [line for _, line, _ in PART.findall(page.read_text())] for page in PAGES}
    assert {stem: len(lines) for stem, lines in found.items() if lines} == {
        "elementary": 1,
        "figures": 1,
        "metrics": 2,
        "parameters": 1,
        "protocols": 1,
        "shipped": 1,
        "variables": 1,
    }


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_links_lead_to_files(page):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).is_file(), target
    for target in re.findall(
        r"`((?:tests|docs|params|tokenomics|notebooks)/[\w/.-]+)`", page.read_text()
    ):
        assert (ROOT / target).exists(), target


def test_the_table_of_commands_is_complete():
    text = (ROOT / "docs" / "command_line.md").read_text()
    table = {
        tuple(re.findall(r"^[a-z]+(?:[ -][a-z]+)*", row)[0].split())
        for row in re.findall(r"^\| `tokenomics ([^`]+)` \|", text, re.M)
    }
    assert table == {words for words, _ in commands()}


def test_the_python_reference_has_every_public_name_once():
    found = re.findall(r"^   (\w+)$", (ROOT / "docs" / "api.md").read_text(), re.M)
    assert sorted(found) == sorted(set(tk.__all__) - {"__version__"})


def test_every_finding_stands_in_the_table_of_findings():
    table = (ROOT / "findings" / "README.md").read_text()
    named = re.findall(r"^\| \w+ \| `([\w-]+\.sh)` \|", table, re.M)
    assert sorted(named) == sorted(path.name for path in (ROOT / "findings").glob("*.sh"))


def test_every_page_is_in_the_site():
    """Sphinx refuses a page that no list of contents has; a list may not name one that is gone."""
    listed = set()
    for page in PAGES:
        for block in re.findall(r"^```{toctree}\n(.*?)^```", page.read_text(), re.S | re.M):
            listed |= set(re.findall(r"^(?:.*<)?([\w/*]+)>?$", block, re.M))
    assert {page.stem for page in PAGES[1:]} - {"index"} == listed - {"notebooks/*"}


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_command_parses(page, monkeypatch):
    monkeypatch.setattr(own_code, "load_code", lambda file: ())  # its file is an example
    known = dict(commands())
    for words in lines(page):
        name = next(n for n in known if tuple(words[: len(n)]) == n)
        known[name].make_context(" ".join(name), list(words[len(name) :]))


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("page", [README, ROOT / "docs" / "start.md"], ids=["README", "start"])
def test_every_command_that_a_newcomer_meets_runs(page, tmp_path):
    found = [words for words in lines(page) if words != ["doctor"]]  # it has a test of its own
    assert len(found) >= 2
    for words in found:
        small = [
            "2" if before == "--runs" else word
            for before, word in zip(["", *words], words, strict=False)
        ]
        status, _, errors = command(*small, *SMALL.get(words[0], []), folder=tmp_path)
        # two runs may break a limit of the proposal
        assert status in ((0, 1) if words[0] == "propose" else (0,)), f"{words}: {errors}"


def test_the_output_that_the_readme_quotes_is_what_the_command_prints(tmp_path):
    quoted = blocks(README, "text")[0].splitlines()
    printed = command("protocols", "absorb", "gonka_price", folder=tmp_path)[1].splitlines()
    assert quoted[0].partition(" in ")[0] == printed[0].partition(" in ")[0]  # less the time taken
    assert set(quoted[1:]) < set(printed)


def test_the_python_of_the_readme_runs(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    own = blocks(README, "python")
    assert own
    with matplotlib.rc_context():
        for block in own:
            exec(compile(re.sub(r"runs=\d+", "runs=2, days=30", block), "README.md", "exec"), {})


def test_a_block_a_controller_and_a_metric_of_ones_own_run_as_the_docs_have_them():
    own = [b for b in blocks(ROOT / "docs" / "python.md", "python") if "def " in b]
    with only({}):
        for block in own:
            exec(compile(block, "python.md", "exec"), {"tk": tk, "__name__": "docs"})
    assert len(own) == 6


def test_the_file_of_parts_of_the_docs_is_loaded_and_used_as_the_docs_have_it(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    own = blocks(ROOT / "docs" / "python.md", "python")
    file = next(block for block in own if "register_scenario" in block)
    use = own[own.index(file) + 1]
    (tmp_path / "mine.py").write_text(file)
    with only({}):
        exec(compile(use, "python.md", "exec"), {"tk": tk})


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_calls_in_the_docs_fit_the_functions(page):
    for block in blocks(page, "python"):
        for call in [node for node in ast.walk(ast.parse(block)) if isinstance(node, ast.Call)]:
            if isinstance(call.func, ast.Attribute) and getattr(call.func.value, "id", "") == "tk":
                arguments = {key.arg: None for key in call.keywords}
                inspect.signature(getattr(tk, call.func.attr)).bind(*call.args, **arguments)


def test_the_proposal_of_the_docs_is_one():
    from ruamel.yaml import YAML

    from tokenomics.governance.proposal.proposal import read_proposal

    proposal, plan = read_proposal(
        YAML(typ="safe").load(blocks(ROOT / "docs" / "governance.md", "yaml")[0])
    )
    assert len(proposal.limits) == 2 and proposal.matters
    assert plan.points
    read_proposal(proposal.model_dump(), runs=20)  # of the commands above, too


def test_the_docs_name_the_keys_that_a_proposal_must_have():
    from tokenomics.governance.evidence.statement import Limit, StoredAs, Watch
    from tokenomics.governance.proposal.stated import Proposal

    def required(model):
        return {name for name, field in model.model_fields.items() if field.is_required()}

    page = (ROOT / "docs" / "governance.md").read_text()
    line = next(line for line in page.splitlines() if line.startswith("Required are "))
    first, limit, watch, chain, _ = re.split(r"; within them|of a limit|of what is|on chain", line)
    told = [set(re.findall(r"`(\w+)`", part)) for part in (first, limit, watch, chain)]
    assert told == [required(one) for one in (Proposal, Limit, Watch, StoredAs)]
