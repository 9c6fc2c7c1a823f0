#!/usr/bin/env python3
"""check.py INCLUDE_DIR ORDER_FILE: whether the headers keep to their layers.

- Every header is listed in ORDER_FILE and includes only headers listed before it.
- Only natpmp/detail/asio.hpp includes Asio, in natpmp/detail/platform those headers that do I/O (and
  natpmp/testing, what the library does without), and only the first names Asio's namespace.
- Only it, natpmp/version.hpp and natpmp/detail/platform/system.hpp define macros; a guard is named
  after its header's path.
"""

import re
import sys
from pathlib import Path

SEAM = "natpmp/detail/asio.hpp"
PLATFORM = "natpmp/detail/platform/"
INCLUDES_ASIO = {SEAM} | {PLATFORM + name for name in ("change_notices.hpp", "clock.hpp", "sockets.hpp")}
MACRO_HEADERS = {SEAM, "natpmp/version.hpp", PLATFORM + "system.hpp"}

COMMENT_OR_STRING = re.compile(
    r"""//[^\n]*|/\*.*?\*/|'(?:\\.|[^'\\])'|"(?:\\.|[^"\\\n])*\"""", re.DOTALL
)
INCLUDE = re.compile(
    r'^[ \t]*#[ \t]*include[ \t]*(?:[<"]|NATPMP_ASIO_(?=HEADER))([^>"\n]+)', re.MULTILINE
)
DEFINE = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)", re.MULTILINE)
UNDEF = re.compile(r"^[ \t]*#[ \t]*undef[ \t]+(\w+)", re.MULTILINE)
ASIO_NAME = re.compile(r"(?<![\w:])(?:(?:::[ \t]*)?(?:boost[ \t]*::[ \t]*)?asio[ \t]*::|::[ \t]*asio\b)")


def without_comments(text, strings_too):
    def replacement(match):
        is_string = match[0][0] in "\"'"
        return match[0] if is_string and not strings_too else "\n" * match[0].count("\n")

    return COMMENT_OR_STRING.sub(replacement, text)


def faults_of(name, text, rank):
    code = without_comments(text, strings_too=True)
    guard = re.sub(r"\W", "_", name).upper()

    for included in INCLUDE.findall(without_comments(text, strings_too=False)):
        if re.match(r"(boost/)?asio(/|\.hpp$)|HEADER\(", included):
            if name not in INCLUDES_ASIO and not name.startswith("natpmp/testing/"):
                yield f"includes <{included}>; only {SEAM} may"
        elif included.startswith("natpmp/"):
            if rank.get(included, -1) >= rank.get(name, len(rank)):
                yield f"includes <{included}>, which is not below it"
        elif re.match(r"\.|(?!boost/).*\.hpp$", included):
            yield f"includes {included}; our headers are included as <natpmp/...>"

    if name != SEAM:
        for match in ASIO_NAME.finditer(code):
            line = code.count("\n", 0, match.start()) + 1
            yield f"line {line} names Asio's namespace; only {SEAM} may"

    defined = DEFINE.findall(code)
    if defined[:1] != [guard] or f"#ifndef {guard}\n" not in code:
        yield f"does not begin with its guard, {guard}"
    if name not in MACRO_HEADERS:
        for macro in set(defined) - {guard}:
            if macro.startswith("NATPMP_") or macro not in UNDEF.findall(code):
                yield f"defines the macro {macro}"



def check(include_dir, order_file):
    entries = [line.split("#")[0].strip() for line in order_file.read_text().splitlines()]
    order = [entry for entry in entries if entry]
    rank = {name: i for i, name in enumerate(order)}
    present = {
        path.relative_to(include_dir).as_posix(): path for path in include_dir.rglob("*.hpp")
    }

    faults = [f"{name}: listed twice" for name in rank if order.count(name) > 1]
    faults += [f"{name}: listed but not there" for name in order if name not in present]
    faults += [f"{name}: not listed in {order_file.name}" for name in sorted(present.keys() - rank)]
    for name, path in sorted(present.items()):
        faults += [f"{name}: {fault}" for fault in faults_of(name, path.read_text(), rank)]
    return faults


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    faults = check(Path(sys.argv[1]), Path(sys.argv[2]))
    print("\n".join(faults) or "the headers keep to their layers")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
