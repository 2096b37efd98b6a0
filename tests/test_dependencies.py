"""Who reads and who writes what: the diagram and the table say what a step does."""

from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

import tokenomics as tk
from tokenomics.model.dependencies import (
    Dependencies,
    _direct,
    dependency_graph,
    diagram,
    variables,
)
from tokenomics.model.step_picture import _lanes

SVG = "http://www.w3.org/2000/svg"
NETWORK = tk.resolve("baseline", policy="pid").values
PAIRS = st.tuples(st.integers(0, 8), st.integers(0, 8)).filter(lambda pair: pair[0] < pair[1])


def reachable(arrows):
    ahead = {pair for pair in arrows}
    while True:
        more = ahead | {(a, d) for a, b in ahead for c, d in ahead if b == c}
        if more == ahead:
            return ahead
        ahead = more


@given(st.sets(PAIRS, max_size=20))
def test_leaving_out_arrows_cuts_no_connection_and_no_more_can_be_left_out(arrows):
    kept = _direct(arrows)
    assert set(kept) <= arrows
    assert reachable(kept) == reachable(arrows)
    for arrow in kept:
        assert arrow not in reachable(set(kept) - {arrow})


def test_the_controller_sees_the_market_through_the_oracle_and_acts_on_it():
    rows = variables(NETWORK).set_index("variable")
    assert rows.loc["measured_price", "written when"] == "the oracle measures"
    assert rows.loc["measured_price", "read when"] == "the controller decides"
    assert "the market clears" in rows.loc["control_output", "read when"]
    assert "the oracle measures" in rows.loc["token_price", "read when"]
    assert not rows.index.duplicated().any()
    assert (rows["meaning"] != "").all()


def test_what_is_switched_off_reads_less():
    def reads(parameters):
        return {block.name: set(block.reads) for block in dependency_graph(parameters)}

    off = reads(tk.resolve("baseline", policy="pid", sets=["oracle.enabled=false"]).values)[
        "the oracle measures"
    ]
    assert off < reads(NETWORK)["the oracle measures"]


def test_a_block_of_ones_own_is_in_the_diagram_with_what_it_reads():
    def policy_surcharge(params, substep, state_history, state):
        return {"inference_price": state["inference_price"] * (1.0 + 0.0 * state["utilisation"])}

    own = tk.block("a surcharge grows", policy_surcharge, writes=("inference_price",))
    chart = diagram(NETWORK, tk.MODEL.insert(own, after="the network's price moves"))
    told = [text.text for text in ElementTree.fromstring(chart).iter(f"{{{SVG}}}text")]
    assert "12. a surcharge grows" in told and "reads inference_price of 11" in told


@given(st.sets(PAIRS, max_size=20))
def test_lines_that_pass_each_other_have_lanes_of_their_own(arrows):
    lanes = _lanes(dict.fromkeys(arrows, ("x",)))
    spans = {w: max(r for a, r in arrows if a == w) for w in lanes}
    for one in lanes:
        for other in lanes:
            if one < other <= spans[one]:
                assert lanes[one] != lanes[other]


def test_what_an_update_reads_is_told_as_what_a_policy_reads():
    def policy_levy(params, substep, state_history, state):
        return {"levy": 1.0}

    def update_levy(params, substep, state_history, state, signal):
        return "token_price", state["token_price"] + 0.0 * state["utilisation"] * signal["levy"]

    update_levy.variable = "token_price"
    own = tk.Block("a levy is raised", (policy_levy,), (update_levy,))
    model = tk.MODEL.insert(own, after="the network's price moves")
    wired = {one.name: one for one in dependency_graph(NETWORK, model)}
    assert wired[own.name] == Dependencies(
        "a levy is raised", ("token_price", "utilisation"), ("token_price",)
    )
    assert (
        "a levy is raised"
        in variables(NETWORK, model).set_index("variable").loc["utilisation", "read when"]
    )


def test_many_blocks_that_all_read_one_another_are_thinned_quickly():
    count = 60
    arrows = [(a, b) for a in range(count) for b in range(a + 1, count)]
    assert _direct(arrows) == [(a, a + 1) for a in range(count - 1)]
