#!/bin/sh
# The benchmark on the card of this machine, checked: under ten minutes.
#
#   tests/device/check.sh [--model NAME] [--precision NAME] [--seconds N] [--out FILE]
#
# Needs CuPy, CUDA's headers, nvmath-python, ml_dtypes (for bf16), scipy, pydantic and ruamel.yaml in
# the Python that PYTHON names: `pip install .[cuda12]` brings all of them. Where nothing can be
# fetched, WHEELS names a folder of wheels to take them from (pip download, on another machine).
# `--backend numpy` drives the same checks on a CPU.
#
# Status: 0 all passed, 1 a check failed, 2 a wrong argument, 3 no CuPy or no card, 124 or 137 out of
# time.
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
python=${PYTHON:-python3}
if [ -n "$WHEELS" ]; then
    site=$(mktemp -d)
    trap 'rm -r "$site"' EXIT
    "$python" -m pip install -q --no-index --no-deps --target "$site" "$WHEELS"/*.whl ||
        { echo "nothing was checked: the wheels of $WHEELS cannot be installed"; exit 3; }
fi
if ! "$python" -c "import numpy" 2>/dev/null; then
    echo "nothing was checked: PYTHON=$python is no Python with NumPy"
    exit 3
fi
PYTHONPATH="$root:$here/..${site:+:$site}${PYTHONPATH:+:$PYTHONPATH}" PYTHONUNBUFFERED=1 \
    timeout -k 10 575 "$python" -m device.check "$@"
status=$?
case $status in
    124 | 137) echo "FAILED: not done in 575 s; the last line above says where it stood" ;;
esac
exit $status
