"""The lowest release of every package that setup.cfg asks for, as constraints for pip.

python tests/minima.py > minima.txt
"""

import configparser
import re
from pathlib import Path

SETUP = configparser.ConfigParser()
SETUP.read(Path(__file__).resolve().parents[1] / "setup.cfg", encoding="utf-8")

for line in SETUP["options"]["install_requires"].split():
    bounds = re.fullmatch(r"([\w.-]+)>=([\w.]+)(,.+)?", line)
    if not bounds:
        raise SystemExit(f"{line}: no lowest release")
    print(f"{bounds[1]}=={bounds[2]}")
