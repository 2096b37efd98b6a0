"""The explorer in a real browser: how long from a slider's key to the changed picture.

python tests/benchmarks/explorer.py --browser /usr/bin/chromium --shots FOLDER

Needs Playwright; `--python` is an interpreter that has this package with its extra `explore`, where
this one has not. Times are of this machine with all that it does beside; the server's processor
time is told as well.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
CALL = "from tokenomics.cli.main import main; main()"
COMMAND = ["explore", "--policy", "pid", "--scenario", "token_crash", "--no-browser"]
MOVES = 20
# resolves to milliseconds from the key to the second frame after the number of the picture changed:
# the figures are changed before it
WATCH = """
() => {
  const find = (root) => {
    const own = root.querySelector(".picture");
    if (own) return own;
    for (const one of root.querySelectorAll("*")) {
      const inner = one.shadowRoot && find(one.shadowRoot);
      if (inner) return inner;
    }
    return null;
  };
  const before = find(document).textContent, root = find(document).getRootNode();
  window.took = new Promise((resolve) => {
    document.addEventListener("keydown", () => {
      const began = performance.now();
      const look = () => {
        const now = root.querySelector(".picture");
        if (now && now.textContent !== before)
          requestAnimationFrame(() => requestAnimationFrame(
            () => resolve(performance.now() - began)));
        else requestAnimationFrame(look);
      };
      look();
    }, {capture: true, once: true});
  });
}
"""


def processor_time(process: int) -> float:
    """Seconds of processor time that a process has taken, of all its threads."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def settled(page: Page) -> None:
    """Wait until no more pictures come."""
    before = ""
    while (now := page.locator(".picture").inner_text()) != before:
        before = now
        page.wait_for_timeout(2_000)


def measured(page: Page, server: int, name: str, handle, moves: int) -> None:
    """Move a slider step by step, and print how long each picture took."""
    took, began = [], None
    handle.focus()
    for move in range(moves + 1):
        page.evaluate(WATCH)
        page.keyboard.press("ArrowLeft" if move % 2 else "ArrowRight")
        elapsed = page.evaluate("window.took")
        if move:  # the first compiles
            took.append(elapsed)
        else:
            began = processor_time(server)
    busy = (processor_time(server) - began) / moves
    tenths = statistics.quantiles(took, n=10, method="inclusive")
    print(
        f"{name}: {moves} moves, median {statistics.median(took):.0f} ms, 90 % within "
        f"{tenths[-1]:.0f} ms, largest {max(took):.0f} ms; server {1000 * busy:.0f} ms of "
        f"processor time a picture"
    )


def slider(page: Page, name: str):
    """The handle of the slider with a name."""
    shown = page.locator(".bk-input-group").filter(has_text=re.compile(rf"^\s*{re.escape(name)}:"))
    return shown.locator(".noUi-handle").first


def main() -> None:
    """Start a server, look at its page, end it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--browser", help="of Playwright's own by default")
    parser.add_argument("--shots", type=Path, help="folder for pictures of the page")
    parser.add_argument("--moves", type=int, default=MOVES)
    options = parser.parse_args()
    server = subprocess.Popen(
        [options.python, "-c", CALL, *COMMAND],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1", "PYTHONPATH": str(ROOT)},
    )
    try:
        address = re.search(r"http://\S+/", server.stdout.readline())[0]
        with sync_playwright() as tool:
            browser = tool.chromium.launch(executable_path=options.browser, args=["--no-sandbox"])
            look(
                browser.new_page(viewport={"width": 1400, "height": 1000}),
                address,
                server.pid,
                options,
            )
            browser.close()
    finally:
        server.terminate()
        server.wait()


def look(page: Page, address: str, server: int, options: argparse.Namespace) -> None:
    """All that is looked at on a page."""
    asked, wrong = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: wrong.append(str(error)))

    def shot(name: str) -> None:
        if options.shots:
            options.shots.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=options.shots / f"{name}.png")

    page.goto(address)
    page.wait_for_selector(".picture", timeout=120_000)
    settled(page)
    first, second = (page.locator(".bk-Figure").nth(place).bounding_box() for place in (0, 1))
    assert first["y"] == second["y"] and first["x"] < second["x"], "no picture beside the first"
    shot("opened")
    measured(page, server, "a lever", slider(page, "kp [1/day]"), options.moves)
    page.get_by_text("Facts of the world", exact=True).click()
    measured(page, server, "a fact", slider(page, "jump volatility"), options.moves)
    slider(page, "kp [1/day]").focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    settled(page)
    shot("moved")
    with page.expect_download() as saved:
        page.get_by_text("Save as a proposal file").click()
    told = Path(saved.value.path()).read_text()
    assert "controller.pid.kp: 0.07" in told, told
    page.get_by_text("Against its cost").click()
    expect(page.get_by_text("What the chosen law buys")).to_be_visible(timeout=60_000)
    settled(page)
    for what, name in (("a lever", "kp [1/day]"), ("a fact", "jump volatility")):
        measured(page, server, f"{what}, against its cost", slider(page, name), options.moves)
    shot("cost")
    elsewhere = [
        url for url in asked if not url.startswith((address, address.replace("http", "ws")))
    ]
    foreign = [url for url in elsewhere if not url.startswith(("data:", "blob:"))]
    print(f"asked of other machines: {foreign or 'nothing'}; errors: {wrong or 'none'}")


if __name__ == "__main__":
    main()
