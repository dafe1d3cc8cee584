"""Writes what measure.py has found into docs/performance.md, and draws it.

usage: report.py RESULTS PAGE FIGURE
"""

import json
import pathlib
import sys

import figure
from tables import section

BEGIN = "<!-- From here on written by benches/peers/run.sh. -->"
END = "<!-- To here. -->"


def main(results, page, picture):
    found = json.loads(pathlib.Path(results).read_text())
    figure.draw(found, picture)
    page = pathlib.Path(page)
    before, rest = page.read_text().split(BEGIN)
    _, after = rest.split(END)
    link = pathlib.Path(picture).relative_to(page.parent)
    page.write_text(f"{before}{BEGIN}\n\n{section(found, link)}\n{END}{after}")


if __name__ == "__main__":
    main(*sys.argv[1:])
