#!/usr/bin/env python3
"""Measures how the code is written: lengths of functions and files, words of type names, first words of doc comments.

    scripts/style/measure.py [ROOT]...

Library code only: what lies in `src/`, without modules of tests. One row for each root, the columns of a table.
"""

import re
import statistics
import sys
from collections import defaultdict
from pathlib import Path

TYPE = re.compile(r"^\s*(?:pub(?:\([^)]*\))? )?(?:unsafe )?(?:struct|enum|trait|union|type) ([A-Z]\w*)")
FUNCTION = re.compile(r"^(\s*)(?:pub(?:\([^)]*\))? )?(?:const )?(?:async )?(?:unsafe )?(?:extern \"C\" )?fn (\w+)")
VAGUE = re.compile(r"^\s*//[/!] (What|How|Whether|Those|That|Which|Where|When|Who)\b")
DOC = re.compile(r"^\s*//[/!]")
WORD = re.compile(r"[A-Z][a-z0-9]*|[A-Z]+(?![a-z])")


def library_files(root: Path):
    for path in sorted(root.glob("crates/*/src/**/*.rs")) or sorted(root.glob("**/src/**/*.rs")):
        if "tests" not in path.parts and path.name != "tests.rs" and "target" not in path.parts:
            yield path


def without_tests(text: str) -> list[str]:
    return re.split(r"^#\[cfg\(test\)\]\nmod tests \{", text, flags=re.M)[0].splitlines()


def function_lengths(lines: list[str]):
    for at, line in enumerate(lines):
        found = FUNCTION.match(line)
        if not found or line.rstrip().endswith(";"):
            continue
        indent = found.group(1)
        for end in range(at, len(lines)):
            if lines[end].rstrip() == indent + "}" or (end == at and line.rstrip().endswith("}")):
                yield end - at + 1
                break
            if end > at and lines[end].rstrip() == indent + ";":
                break


def comment_groups(lines: list[str]):
    """First lines of doc comments."""
    for at, line in enumerate(lines):
        if DOC.match(line) and (at == 0 or not DOC.match(lines[at - 1])):
            yield line


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def measure(root: Path) -> dict[str, str]:
    functions, files, docs, vague, code = [], [], 0, 0, 0
    names, places = set(), defaultdict(set)
    with_reason = without_reason = 0
    for path in library_files(root):
        text = path.read_text()
        lines = without_tests(text)
        files.append(len(text.splitlines()))
        functions += function_lengths(lines)
        for comment in comment_groups(lines):
            docs += 1
            vague += bool(VAGUE.match(comment))
        code += sum(1 for line in lines if line.strip() and not line.strip().startswith("//"))
        in_impl = False
        for at, line in enumerate(lines):
            in_impl = bool(line.startswith(("impl", "unsafe impl"))) or in_impl and line != "}"
            found = TYPE.match(line)
            if found and not (in_impl and " type " in f" {line.strip()} "):
                names.add(found.group(1))
                places[found.group(1)].add((path, at))
            if re.search(r"\bunsafe \{|\bunsafe impl\b", line) and not line.strip().startswith("//"):
                above = "\n".join(lines[max(0, at - 8) : at])
                with_reason, without_reason = (
                    (with_reason + 1, without_reason) if "SAFETY" in above else (with_reason, without_reason + 1)
                )
    one_word = sum(len(WORD.findall(name)) == 1 for name in names)
    twice = sum(len(at) > 1 for at in places.values())
    return {
        "lines": f"{sum(files):,}",
        "of code, without comments and tests": f"{code:,}",
        "files": f"{len(files)}",
        "file lines, median / p90": f"{statistics.median(files):.0f} / {percentile(files, 0.9)}",
        "files of at most 60 lines": f"{sum(length <= 60 for length in files) / len(files):.0%}",
        "functions": f"{len(functions):,}",
        "function lines, median / p90 / longest":
            f"{statistics.median(functions):.0f} / {percentile(functions, 0.9)} / {max(functions)}",
        "doc comments": f"{docs:,}",
        "that begin What, How, Those, Whether …": f"{vague} ({vague / docs:.1%})",
        "type names": f"{len(names)}",
        "of one word": f"{one_word} ({one_word / len(names):.0%})",
        "used for two or more things": f"{twice} ({twice / len(names):.0%})",
        "unsafe with / without its reason": f"{with_reason} / {without_reason}",
    }


def main() -> None:
    roots = [Path(name) for name in sys.argv[1:]] or [Path(__file__).parents[2]]
    columns = [measure(root) for root in roots]
    print("| |" + "".join(f" {root.resolve().name} |" for root in roots))
    print("|---|" + "---|" * len(roots))
    for row in columns[0]:
        print(f"| {row} |" + "".join(f" {column[row]} |" for column in columns))


if __name__ == "__main__":
    main()
