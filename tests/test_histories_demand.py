"""Recorded demand: rates and traces in the layouts that people have; what is right loses no
request, what is wrong is named by line.
"""

import datetime as dt
import json

import numpy as np
import pytest

from paths import DATA, command
from tokenomics.calibration.demand.calibrate import calibrate_demand
from tokenomics.errors import InputError
from tokenomics.histories.alignment import align
from tokenomics.histories.burns import read_burn
from tokenomics.histories.demand import (
    DemandSeries,
    mean_rate,
    read_demand,
    read_requests,
)
from tokenomics.histories.prices import read_prices
from tokenomics.histories.request_trace import RequestTrace


def write(folder, text, name="demand.csv"):
    file = folder / name
    file.write_text(text if isinstance(text, str) else "\n".join(text) + "\n")
    return str(file)


RATE = "t_s,req_per_s\n0,11\n600,22\n1200,33\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (RATE.replace("22", "abc"), r":3: req_per_s: the text 'abc'"),
        (RATE.replace("22", "-1"), r":3: req_per_s: -1; expected a number >= 0"),
        (RATE.replace("22", "nan"), r":3: req_per_s: NaN"),
        (
            RATE + "3600,1\n",
            (
                r":5: t_s: a gap: 3 rows missing: 2400 s from 1,200 s to 3,600 s; expected a row "
                r"every 600 s"
            ),
        ),
        (RATE + "1300,1\n", r":5: t_s: another width: 100 s from"),
        (RATE.replace("600", "0"), r":3: t_s: 0 s again, after line 2; expected each time once"),
        (RATE.replace("11", "0").replace("22", "0").replace("33", "0"), "no request at all"),
        (
            "a,b\n1,2\n3,4\n",
            r":1: the columns a, b; expected a rate \(t_s,req_per_s or date,req_per_s\) or a trace",
        ),
        ("t_s,rps,qps\n0,1,1\n1,1,1\n", r"2 columns of rates: rps, qps"),
        (
            "t,req_per_s\n0,1\n1,1\n",
            (
                r":2: t: '0' is a number of unknown unit; expected dates, unix times, or a name "
                r"that tells the unit"
            ),
        ),
        ("date,t_s,req_per_s\n2024-01-01,0,1\n2024-01-02,1,1\n", r"2 columns of times: t_s, date"),
        ("x,req_per_s\n0,1\n1,1\n", r"no column of times among x, req_per_s"),
        ("t_s,req_per_s\n0,1\n1e20,1\n", r":3: t_s: 1e\+20 s; expected at most 1e\+10 s"),
        ("t_s,req_per_s\n0,1\n", "1 row; expected at least 2"),
        (
            "date,req_per_s\n2024-01-01 00:00Z,1\n2024-01-01 01:00,1\n",
            r":3: date: '2024-01-01 01:00' states no zone",
        ),
        (
            "date,req_per_s\n01/02/2024,1\n02/02/2024,1\n",
            r"could have the day first or the month.*`date_format`",
        ),
    ],
)
def test_a_bad_rate_file_gets_one_clear_line(tmp_path, text, message):
    with pytest.raises(InputError, match=message) as caught:
        read_demand(write(tmp_path, text))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("width", [1, 60, 300, 3600, 86400])
@pytest.mark.parametrize("style", ["t_s", "t_ms", "unix", "unix ms", "iso", "zone", "spaced"])
def test_a_rate_of_any_width_is_read_however_its_times_are_written(tmp_path, width, style):
    names = {
        "t_s": "t_s",
        "t_ms": "t_ms",
        "iso": "date",
        "zone": "timestamp",
        "spaced": "Date Time".replace(" ", ""),
    }
    begin, rows = dt.datetime(2024, 3, 31, tzinfo=dt.UTC), []
    for i in range(30):
        now = begin + dt.timedelta(seconds=i * width)
        text = {
            "t_s": f"{i * width}",
            "t_ms": f"{i * width * 1000}",
            "unix": f"{now.timestamp():.0f}",
            "unix ms": f"{now.timestamp() * 1000:.0f}",
            "iso": now.isoformat()[:19],
            "zone": (now + dt.timedelta(hours=2)).isoformat(" ")[:19] + "+02:00",
            "spaced": now.strftime("%Y/%m/%d %H:%M:%S"),
        }[style]
        rows.append(f"{text},{10 + i % 7}")
    found = read_requests(write(tmp_path, [f"{names.get(style, 'time')},req_per_s", *rows]))
    assert found.width == width and found.days == pytest.approx(30 * width / 86400)
    np.testing.assert_array_equal(found.rate, 10 + np.arange(30) % 7)
    assert (found.start is None) == style.startswith("t_")
    assert found.start is None or str(found.start)[:19] == "2024-03-31T00:00:00"


def test_an_hourly_rate_under_a_date_column_is_calibrated(tmp_path):
    lines = ["date,req_per_s"]
    lines += [
        (
            f"2024-01-{h // 24 + 1:02d} "
            f"{h % 24:02d}:00:00,{50 + 20 * np.sin(2 * np.pi * h / 24) + h % 5}"
        )
        for h in range(20 * 24)
    ]
    found = calibrate_demand(write(tmp_path, lines))
    assert found.value("demand.request_rate") == pytest.approx(52.0, abs=0.1)
    assert "480 windows of 3600 s" in str(found.data) and "2024-01-01 to 2024-01-21" in str(
        found.data
    )
    assert any(
        "column 'date', times written YYYY-MM-DD, without a zone" in line
        for line in found.data.choices
    )


def test_newest_first_counts_with_semicolons_are_turned_and_divided_by_their_window(tmp_path):
    lines = ["Date;Requests", *(f"{day:02d}.06.2024;{86400 * day}" for day in range(30, 0, -1))]
    found = read_requests(write(tmp_path, lines))
    np.testing.assert_allclose(found.rate, np.arange(1, 31))
    assert "newest row first: turned" in found.said and str(found.start)[:10] == "2024-06-01"


def test_a_rate_out_of_order_is_sorted_and_said(tmp_path):
    mixed = read_requests(write(tmp_path, "t_s,req_per_s\n0,1\n120,3\n60,2\n180,4\n"))
    assert (
        mixed.rate.tolist() == [1, 2, 3, 4]
        and "sorted by time: 1 row came after a later one" in mixed.said
    )


def test_a_column_that_is_told_is_the_rate(tmp_path):
    file = write(tmp_path, "t_s,load,other\n0,1,9\n60,2,9\n")
    assert read_demand(file, column="load").rate.tolist() == [1, 2]
    with pytest.raises(InputError, match="column: no column 'lod'.*did you mean 'load'"):
        read_demand(file, column="lod")


AZURE = "TIMESTAMP,ContextTokens,GeneratedTokens"
DRAW = np.random.default_rng(5)
GAPS, SIZES = DRAW.exponential(1.0, 1200), DRAW.integers(10, 900, (1200, 2))
SECONDS = np.cumsum(GAPS) - GAPS[0]
STARTS = (
    np.datetime64("2024-05-10T00:00:00.25", "us") + (SECONDS * 1e6).astype("timedelta64[us]")
).astype(str)


def layouts():
    """One trace as each public data set writes it."""
    sizes = [(int(p), int(o)) for p, o in SIZES]
    yield (
        "Azure 2023",
        "azure.csv",
        [
            AZURE,
            *(f"{t.replace('T', ' ')}0,{p},{o}" for t, (p, o) in zip(STARTS, sizes, strict=True)),
        ],
    )
    yield (
        "Azure 2024",
        "azure.csv",
        [
            AZURE,
            *(
                f"{t.replace('T', ' ')}+00:00,{p},{o}"
                for t, (p, o) in zip(STARTS, sizes, strict=True)
            ),
        ],
    )
    burst = "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type"
    yield (
        "BurstGPT",
        "b.csv",
        [
            burst,
            *(
                f"{s:.6f},GPT-4,{p},{o},{p + o},API log"
                for s, (p, o) in zip(SECONDS, sizes, strict=True)
            ),
        ],
    )
    newer = (
        "Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log "
        "Type"
    )
    yield (
        "BurstGPT 2",
        "b.csv",
        [
            newer,
            *(
                f"{s:.6f},x,1.5,GPT-4,{p},{o},{p + o},API log"
                for s, (p, o) in zip(SECONDS, sizes, strict=True)
            ),
        ],
    )
    records = [
        {"timestamp": s * 1000, "input_length": p, "output_length": o, "hash_ids": [0, 1]}
        for s, (p, o) in zip(SECONDS, sizes, strict=True)
    ]
    yield "Mooncake", "m.jsonl", [json.dumps(one) for one in records]
    vidur = "arrived_at,num_prefill_tokens,num_decode_tokens"
    yield (
        "Vidur",
        "v.csv",
        [vidur, *(f"{s!r},{p},{o}" for s, (p, o) in zip(SECONDS.tolist(), sizes, strict=True))],
    )
    own = "timestamp_ms,prompt_tokens,output_tokens"
    yield (
        "milliseconds",
        "o.csv",
        [
            own,
            *(f"{s * 1000!r},{p},{o}" for s, (p, o) in zip(SECONDS.tolist(), sizes, strict=True)),
        ],
    )


@pytest.mark.parametrize(
    ("name", "file", "lines"),
    [*layouts()],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_trace_is_the_same_in_every_layout(tmp_path, name, file, lines):
    found = read_requests(write(tmp_path, lines, file))
    assert isinstance(found, RequestTrace)
    np.testing.assert_allclose(found.seconds, SECONDS, atol=2e-6)
    np.testing.assert_array_equal(np.column_stack([found.prompt, found.output]), SIZES)
    assert any(
        "prompt tokens: column" in line and "output tokens: column" in line for line in found.said
    )
    assert not found.coarse


def trace_of(tmp_path, header, times):
    return read_requests(
        write(tmp_path, [header, *(f"{t},{10 + i},{20 + i}" for i, t in enumerate(times))])
    )


@pytest.mark.parametrize(
    ("header", "unit"),
    [
        ("t_ms,num_prefill_tokens,num_decode_tokens", 1e-3),
        ("arrived_at,num_prefill_tokens,num_decode_tokens", 1.0),
        ("timestamp_ms,Request tokens,Response tokens", 1e-3),
        ("t_s,input_length,output_length", 1.0),
        ("arrival_time_s,input_length,output_length", 1.0),
        ("elapsed_seconds,input_length,output_length", 1.0),
        ("timestamp,input_length,output_length", 1e-3),
        ("timestamp,Request tokens,Response tokens", 1.0),
    ],
)
def test_the_unit_in_a_name_goes_before_that_of_a_layout(tmp_path, header, unit):
    found = trace_of(tmp_path, header, range(0, 500, 5))
    np.testing.assert_allclose(found.seconds, unit * np.arange(0, 500, 5))
    assert found.start is None


def test_bare_numbers_that_are_not_the_layouts_are_dates_or_refused(tmp_path):
    header = "timestamp,input_length,output_length"
    dated = trace_of(tmp_path, header, range(1714521600, 1714521700))
    assert str(dated.start)[:10] == "2024-05-01" and dated.seconds[-1] == 99.0
    with pytest.raises(
        InputError,
        match=(
            r":3: timestamp: '1.073' is a number of unknown unit, for the layout has whole ones "
            r"alone; .*t_s or t_ms"
        ),
    ):
        trace_of(tmp_path, header, [0, 1.073, 2.5, 3])
    assert (
        trace_of(
            tmp_path, "timestamp,Request tokens,Response tokens", [1714521600.5, 1714521602]
        ).seconds[-1]
        == 1.5
    )


@pytest.mark.parametrize(
    "name",
    ["unix", "epoch", "Unix Time", "month", "period", "ts", "block_time", "observation_date"],
)
def test_a_time_is_told_by_the_same_names_in_every_kind_of_file(tmp_path, name):
    firsts = [dt.datetime(2022 + i // 12, i % 12 + 1, 1, tzinfo=dt.UTC) for i in range(24)]
    cells = [
        f"{t.timestamp():.0f}" if name in ("unix", "epoch", "Unix Time", "ts") else f"{t:%Y-%m-%d}"
        for t in firsts
    ]
    burn = [f"{cell},{500 + i % 7 * 20},{900 + i % 5},1.5" for i, cell in enumerate(cells)]
    assert read_burn(write(tmp_path, [f"{name},burned,issued,price", *burn])).months[0] == "2022-01"
    days = [
        f"{t.timestamp():.0f}" if cells[0].isdigit() else f"{t:%Y-%m-%d}"
        for t in (firsts[0] + dt.timedelta(days=i) for i in range(30))
    ]
    for file in (
        [f"{name},price", *(f"{d},{i + 1}.5" for i, d in enumerate(days))],
        [f"{name},rps", *(f"{d},5" for d in days)],
    ):
        read = read_prices if "price" in file[0] else read_demand
        assert (
            len(getattr(read(write(tmp_path, file)), "values" if read is read_prices else "rate"))
            == 30
        )


def test_a_month_beside_the_days_is_a_label_of_them(tmp_path):
    days = [dt.date(2022, 1, 1) + dt.timedelta(days=i) for i in range(500)]
    burn = [f"{d:%Y-%m-01},{d},5,{900 + d.month},1.5" for d in days]
    assert len(read_burn(write(tmp_path, ["month,date,burned,issued,price", *burn])).months) == 16
    rows = [f"{d:%Y-%m-01},{d},{500 + i}.5" for i, d in enumerate(days)]
    assert read_prices(write(tmp_path, ["month,date,price", *rows])).dates == tuple(days)
    assert len(read_demand(write(tmp_path, ["month,date,rps", *rows])).rate) == 500


def test_a_client_of_servegen_is_read_without_a_header(tmp_path):
    lines = [
        f"{600 * i},{0 if i % 4 == 1 else 0.25 + i / 8},8.5,{'Weibull' if i % 4 else ''},0.37,0.39"
        for i in range(40)
    ]
    found = read_requests(write(tmp_path, lines))
    assert found.width == 600.0 and found.rate[:3].tolist() == [0.25, 0.0, 0.5]


def test_a_named_column_leaves_the_rest_of_a_layout_told(tmp_path):
    """A client of ServeGen whose rate is in another column; a trace of BurstGPT's with a prompt of
    another name. Both have seconds that nothing but their layout tells.
    """
    rows = [f"{600 * i},{1 + i % 3},2.5,Gamma,0.2,3.1" for i in range(20)]
    client = write(tmp_path, rows, "client.csv")
    named, told = read_demand(client, column="3"), read_demand(client)
    assert (named.width, told.width) == (600.0, 600.0)
    assert set(named.rate) == {2.5} and set(told.rate) == {1.0, 2.0, 3.0}
    lines = [f"{5 * i},m,{10 + i},{20 + i},x" for i in range(100)]
    header = "Timestamp,Model,{},Response tokens,Log Type"
    own = write(tmp_path, [header.format("asked"), *lines], "own.csv")
    same = write(tmp_path, [header.format("Request tokens"), *lines], "same.csv")
    found, known = read_requests(own, column="prompt=asked"), read_requests(same)
    for name in ("seconds", "prompt", "output"):
        np.testing.assert_array_equal(getattr(found, name), getattr(known, name))


def test_bars_without_a_header_are_no_rates(tmp_path):
    for first in ("2024-01-{:02d}", "17040{:02d}000"):
        bars = [
            first.format(i + 1) + f",{i + 10},{i + 12},{i + 9},{i + 11},5000" for i in range(28)
        ]
        with pytest.raises(
            InputError, match=r"the columns column 1, column 2, .*; expected a rate \(t_s,req_per_s"
        ):
            read_demand(write(tmp_path, bars))


def test_a_rate_that_is_not_that_of_the_requests_beside_it_is_refused_unless_told(tmp_path):
    def file(scale):
        return write(
            tmp_path,
            [
                "t_s,requests,rate",
                *(f"{60 * i},{90 + i % 7},{scale * (90 + i % 7) / 60:.2f}" for i in range(50)),
            ],
        )

    assert read_demand(file(1)).rate[0] == 1.5
    rounded = write(tmp_path, ["t_s,requests,rate", *(f"{60 * i},62,1.0" for i in range(50))])
    assert read_demand(rounded).rate[0] == 1.0
    with pytest.raises(
        InputError,
        match=(
            r"rate: columns 'rate' and 'requests' disagree: 2.788e\+05 requests in all by the one, "
            r"4647 by the other"
        ),
    ):
        read_demand(file(60))
    assert read_demand(file(60), column="rate").rate[0] == 90.0
    text = write(tmp_path, ["t_s,count,rate", *(f"{60 * i},many,5" for i in range(50))])
    assert read_demand(text).rate[0] == 5.0


def test_a_last_window_that_may_be_unfinished_is_said(tmp_path):
    counts = [18000 + 4000 * (i % 24 > 8) for i in range(72)]
    text = (
        "the last window has 0.01667 req/s, 95% of the others have 5 or more: it is kept, and may "
        "be unfinished"
    )
    found = read_demand(
        write(tmp_path, ["t_s,requests", *(f"{3600 * i},{n}" for i, n in enumerate([*counts, 60]))])
    )
    assert text in found.said and len(found.rate) == 73
    whole = read_demand(
        write(
            tmp_path, ["t_s,requests", *(f"{3600 * i},{n}" for i, n in enumerate([*counts, 12000]))]
        )
    )
    assert not any("unfinished" in line for line in whole.said)


def test_a_trace_in_which_every_request_stands_twice_is_refused(tmp_path):
    rows = [f"{t},{p},{o}" for t, (p, o) in zip(STARTS, SIZES.tolist(), strict=True)]
    for lines in ([row for row in rows for _ in range(2)], [*rows, *rows]):
        with pytest.raises(
            InputError,
            match=(
                r"every request stands twice: line \d+ is line 2 again, and so are all 2,400 rows "
                r"in pairs"
            ),
        ):
            read_requests(write(tmp_path, [AZURE, *lines]))
    replicas = [
        f"{row},{model}" for row in rows for model in "ab"
    ]  # a request to two models is two requests
    found = read_requests(write(tmp_path, [f"{AZURE},model", *replicas]))
    assert (
        "1,200 requests (50.0%) have time and lengths of another: kept, and may be copies"
        in found.said
    )
    some = read_requests(write(tmp_path, [AZURE, *rows, *rows[:100]]))
    assert (
        "100 requests (7.7%) have time and lengths of another: kept, and may be copies" in some.said
    )
    alike = [
        f"{t},100,20" for t in STARTS[:50] for _ in range(2)
    ]  # a load test sends the same again and again
    assert len(read_requests(write(tmp_path, [AZURE, *alike])).seconds) == 100


def requests(offset, count=1800, start=dt.datetime(2024, 1, 1)):
    """A request a second; offset: hours ahead of UTC of the i-th."""
    lines = [AZURE]
    for i in range(count):
        hours = offset(i)
        lines.append(
            f"{(start + dt.timedelta(seconds=i, hours=hours)).isoformat(' ')}+{hours:02d}:00,"
            f"{100 + i % 7},{10 + i % 5}"
        )
    return lines


@pytest.mark.parametrize(
    ("offset", "start"),
    [
        (lambda i: 1 if i < 900 else 2, dt.datetime(2024, 3, 31, 0, 45)),
        (lambda i: 2 if i < 900 else 1, dt.datetime(2024, 10, 27, 0, 45)),
        (lambda i: 1 + i % 2, dt.datetime(2024, 5, 1, 12)),
    ],
    ids=["clocks go forward", "clocks go back", "two regions in one log"],
)
def test_a_request_a_second_is_that_whatever_zone_its_clock_shows(tmp_path, offset, start):
    file = write(tmp_path, requests(offset, start=start))
    found = {e.name: e for e in calibrate_demand(file).estimates}
    assert found["demand.request_rate"].value == pytest.approx(1.0)
    assert found["capacity.arrival_cv"].value == 0.0 and found["capacity.arrival_cv"].problem
    np.testing.assert_allclose(read_demand(file).rate, 1.0)


def test_requests_out_of_order_are_sorted_and_said(tmp_path):
    lines = requests(lambda i: 0)
    swapped = read_requests(write(tmp_path, [lines[0], lines[2], lines[1], *lines[3:]]))
    assert swapped.seconds.tolist() == list(range(1800)) and swapped.prompt[:2].tolist() == [
        100,
        101,
    ]
    assert "sorted by time: 1 row came after a later one" in swapped.said
    turned = read_requests(write(tmp_path, [lines[0], *lines[:0:-1]]))
    assert turned.prompt[:2].tolist() == [100, 101] and "newest row first: turned" in turned.said


def burst(failed_every=10, count=1000):
    lines = ["Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type"]
    for i in range(count):
        output = 0 if i % failed_every == 3 else 150 + i % 100
        lines.append(
            f"{2.5 * i},ChatGPT,{300 + i % 40},{output},{300 + i % 40 + output},Conversation log"
        )
    return lines


def test_failed_requests_are_left_out_or_kept_as_chosen_and_counted(tmp_path):
    file = write(tmp_path, burst())
    dropped, kept = calibrate_demand(file), calibrate_demand(file, failed="keep")
    outputs = np.array([150 + i % 100 for i in range(1000) if i % 10 != 3])
    assert dropped.value("demand.output_tokens") == pytest.approx(outputs.mean())
    assert kept.value("demand.output_tokens") == pytest.approx(0.9 * outputs.mean())
    assert kept.value("demand.request_rate") == pytest.approx(0.4, rel=1e-3)
    assert dropped.value("demand.request_rate") == pytest.approx(0.36, rel=1e-2)
    assert any(
        "100 requests (10 %) have no output token" in line and "left out" in line
        for line in dropped.data.choices
    )
    assert any(
        "100 requests (10 %) have no output token" in line and "kept" in line
        for line in kept.data.choices
    )
    with pytest.raises(
        InputError, match="failed: 'kep'; expected drop or keep; did you mean 'keep'"
    ):
        read_requests(file, failed="kep")
    with pytest.raises(InputError, match="no request has an output token"):
        read_requests(write(tmp_path, [burst()[0], *(f"{i},m,5,0,5,x" for i in range(9))]))


def lattice(step=3.0, jitter=0.001):
    """Three requests a second, stamped every three seconds, now and then a millisecond early, as
    Mooncake's are.
    """
    draw = np.random.default_rng(2)
    true = np.cumsum(draw.exponential(1.0 / 3.0, 6000))
    stamps = np.floor(true / step) * step
    stamps -= jitter * (np.round(stamps / step) % 3 == 2)
    sizes = draw.integers(10, 900, (6000, 2))
    records = zip((stamps * 1000).round().astype(int).tolist(), sizes.tolist(), strict=True)
    return [
        json.dumps({"timestamp": t, "input_length": p, "output_length": o, "hash_ids": [1]})
        for t, (p, o) in records
    ]


def test_stamps_on_a_lattice_are_said_and_arrivals_are_corrected_for_them(tmp_path):
    file = write(tmp_path, lattice(), "m.jsonl")
    trace = read_requests(file)
    assert trace.lattice == pytest.approx(3.0, abs=0.002) and trace.coarse
    found = {e.name: e for e in calibrate_demand(file).estimates}
    assert (
        found["demand.request_rate"].value == pytest.approx(3.0, rel=0.05)
        and not found["demand.request_rate"].problem
    )
    assert any("gaps within a step are not told" in line for line in trace.said)
    stamped = np.diff(trace.seconds)
    assert stamped.std() / stamped.mean() > 2.0  # of the stamps; the requests' own is 1
    assert found["capacity.arrival_cv"].value == pytest.approx(1.0, rel=0.1)
    assert not found["capacity.arrival_cv"].problem
    assert (
        "counts in 1 s are those of the steps" in found["overdispersion of counts in 1 s"].problem
    )
    assert not found["overdispersion of counts in 60 s"].problem


def test_requests_that_come_together_are_no_lattice(tmp_path):
    draw = np.random.default_rng(3)
    times = np.repeat(np.cumsum(draw.exponential(1.0, 600)), 3)
    sizes = draw.integers(10, 900, (1800, 2))
    lines = [f"{t:.6f},{p},{o}" for t, (p, o) in zip(times, sizes, strict=True)]
    trace = read_requests(
        write(tmp_path, ["arrived_at,num_prefill_tokens,num_decode_tokens", *lines])
    )
    assert trace.lattice < 1e-5 and not trace.coarse


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "2053-11-16 18:30:00",
            r":902: TIMESTAMP: 2053-11-16 18:30:00 is far from all others: no request for 10,\d{3}",
        ),
        ("1970-01-01 00:00:00", r":902: TIMESTAMP: 1970-01-01 is far from all others"),
        (
            "2024-01-08 00:00:00",
            r":902: TIMESTAMP: 2024-01-08 is far from all others: no request for 7.0 days",
        ),
    ],
)
def test_a_row_far_from_all_others_is_named(tmp_path, line, said):
    lines = [*(one.replace("+00:00", "") for one in requests(lambda i: 0, 900)), f"{line},5,5"]
    with pytest.raises(InputError, match=said):
        read_demand(write(tmp_path, lines))


@pytest.mark.parametrize(("days", "refused"), [(1.1, False), (1.5, True), (4.0, True)])
def test_a_pause_of_more_than_half_the_span_is_no_pause(tmp_path, days, refused):
    """Of 1.2 days with requests around a pause."""
    minutes = [*range(0, 864, 3), *range(864 + round(1440 * days), 1728 + round(1440 * days), 3)]
    lines = [
        f"{dt.datetime(2024, 1, 1) + dt.timedelta(minutes=m)},{100 + i % 7},{10 + i % 5}"
        for i, m in enumerate(minutes)
    ]
    file = write(tmp_path, [AZURE, *lines])
    if refused:
        with pytest.raises(
            InputError,
            match=(
                "is far from all others: no request for .* days, of .* in all; expected a trace "
                "without"
            ),
        ):
            read_requests(file)
    else:
        assert len(read_requests(file).seconds) == len(minutes)


def test_windows_that_differ_by_half_a_percent_are_of_two_widths(tmp_path):
    with pytest.raises(
        InputError,
        match=(
            r":22: t_s: another width: 603 s from 11,400 s to 12,003 s; .*expected a row every 600 "
            r"s"
        ),
    ):
        read_demand(
            write(tmp_path, ["t_s,rps", *(f"{600 * i + 3 * (i >= 20)},5" for i in range(40))])
        )
    rounded = read_demand(write(tmp_path, ["t_s,rps", *(f"{i / 3:.7f},5" for i in range(40))]))
    assert rounded.width == pytest.approx(1 / 3)


def test_a_request_longer_than_any_context_is_named(tmp_path):
    rows = "".join(
        f"2024-01-01 00:00:{i:02},{100 + i},{10**26 if i == 7 else 20}\n" for i in range(40)
    )
    (tmp_path / "trace.csv").write_text(f"TIMESTAMP,ContextTokens,GeneratedTokens\n{rows}")
    with pytest.raises(
        InputError,
        match="trace.csv:9: GeneratedTokens: 1e\\+26; expected a number >= 0, of 1e-30 to 1e\\+09",
    ):
        read_demand(tmp_path / "trace.csv")


def test_a_trace_of_more_windows_than_can_be_counted_is_refused(tmp_path):
    lines = [
        AZURE,
        *(f"{1990 + i // 12}-{i % 12 + 1:02d}-01 00:00:00,5,{i + 1}" for i in range(300)),
    ]
    with pytest.raises(
        InputError,
        match=(
            r"9,\d{3} days from 1990-01-01 to 2014-12-01; expected at most 3,653 days, in windows "
            r"of 60 s"
        ),
    ):
        read_demand(write(tmp_path, lines))


def test_a_column_of_lengths_that_is_missing_or_twice_is_named(tmp_path):
    with pytest.raises(
        InputError, match="output tokens: no such column; expected one of GeneratedTokens"
    ):
        read_requests(write(tmp_path, "TIMESTAMP,ContextTokens\n2024-01-01,5\n2024-01-01,6\n"))
    with pytest.raises(InputError, match="prompt tokens: 'ContextTokens' and 'prompt_tokens'"):
        read_requests(
            write(tmp_path, AZURE + ",prompt_tokens\n2024-01-01,5,5,5\n2024-01-01,6,6,6\n")
        )


def test_a_run_says_what_was_taken_for_what_and_options_name_the_demand(tmp_path):
    file = write(tmp_path, ["date,req_per_s", *(f"{d:02d}/02/2024,{40 + d}" for d in range(1, 13))])
    run = ("run", "--demand", file, "--days", "5", "--out", "out")
    status, _, errors = command(*run, folder=tmp_path)
    assert status == 2 and "--demand-date-format DD/MM/YYYY or MM/DD/YYYY" in " ".join(
        errors.split()
    )
    status, out, errors = command(*run, "--demand-date-format", "DD/MM/YYYY", folder=tmp_path)
    assert (status, errors) == (0, "")
    assert "time: column 'date', days written %d/%m/%Y" in " ".join(out.split())
    status, _, errors = command("run", "--demand-column", "x", folder=tmp_path)
    assert status == 2 and "--demand-column: without a demand file" in errors
    status, _, errors = command("run", "--failed", "keep", folder=tmp_path)
    assert status == 2 and "--failed: without a demand file" in errors


def series(rate, width=3600.0):
    return DemandSeries(np.asarray(rate, dtype=float), width, "series.csv")


def test_a_short_series_needs_a_choice_that_is_named():
    for choice in (None, "start"):
        with pytest.raises(InputError, match=r"spans 1 days, the simulation 3.*repeat.*bootstrap"):
            align(series(np.ones(24)), span_days=3, time_step=1.0, align=choice, runs=1, seed=0)


@pytest.mark.parametrize("time_step", [1.0, 0.5, 0.3, 1 / 48])
def test_tiling_loses_no_request(time_step):
    rate = np.random.default_rng(0).uniform(1, 9, 30)
    steps = round(5 / time_step)
    out = align(series(rate), span_days=5, time_step=time_step, align="repeat", runs=2, seed=0)
    assert out.shape == (steps, 2)
    days = steps * time_step
    laps, rest = divmod(days * 24, 30)
    hours = np.concatenate(
        [np.tile(rate, int(laps)), rate[: int(rest)], [rate[int(rest) % 30] * (rest % 1)]]
    )
    assert out[:, 0].sum() * time_step * 24 == pytest.approx(hours.sum(), rel=1e-9)


def test_a_long_series_needs_no_choice_and_is_used_from_its_start():
    out = align(series(np.arange(240.0)), span_days=2, time_step=1.0, align=None, runs=1, seed=0)
    np.testing.assert_allclose(out[:, 0], [11.5, 35.5])


def test_the_bootstrap_draws_whole_days_per_run():
    days = np.repeat([1.0, 2.0, 3.0], 24)
    few = align(series(days), span_days=50, time_step=1.0, align="bootstrap", runs=2, seed=4)
    many = align(series(days), span_days=50, time_step=1.0, align="bootstrap", runs=5, seed=4)
    np.testing.assert_array_equal(few, many[:, :2])
    assert set(np.unique(few)) == {1.0, 2.0, 3.0}
    assert not np.array_equal(few[:, 0], few[:, 1])


@pytest.mark.parametrize(
    "name", ["servegen_language_m-large_rate10min.csv", "AzureLLMInferenceTrace_conv.csv"]
)
def test_real_demand_is_read(name):
    file = DATA / "demand" / name
    if not file.exists():
        pytest.skip("the recorded demand is not here")
    rate = mean_rate(read_demand(file))
    assert rate == pytest.approx({"s": 195.84, "A": 5.53}[name[0]], rel=0.01)
