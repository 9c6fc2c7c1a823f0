#!/usr/bin/env python3
"""extract.py OUTPUT_DIR ROOT FILE.md...: makes C++ sources of the code blocks in Markdown files.

The word after ```cpp says what a block is:

  cpp            a source file, compiled as it is
  cpp run        a program, compiled as it is and run; it has to exit with 0
  cpp function   declarations, put into a namespace
  cpp fragment   statements, put into `asio::awaitable<void> fragment(natpmp::client& client)`

Functions and fragments share one source file, which includes what they need; that compiles faster
than one each. Compiler messages name the document and its line. A block that cannot be made into a
source becomes an #error. Prints a line `compile NAME` or `run NAME` for each source in OUTPUT_DIR.
"""

import re
import sys
from pathlib import Path

INCLUDES = """\
#include <asio.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <natpmp/gateway.hpp>
#include <natpmp/natpmp.hpp>
#include <natpmp/testing/fake_gateway.hpp>

#include <chrono>
#include <exception>
#include <functional>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>
"""

FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})[ \t]*(.*?)[ \t]*$")
CPP = re.compile(r"^(?:cpp|c\+\+|cc|cxx|hpp|h\+\+)$", re.IGNORECASE)
KINDS = {"": "compile", "run": "run", "function": "function", "fragment": "fragment"}


class Block:
    """A code block: its kind, its text, and where the text begins."""

    def __init__(self, path, line, info):
        words = info.split()
        self.path, self.line = path, line
        self.lines = []
        self.kind = KINDS.get(" ".join(words[1:])) if words[0] == "cpp" else None
        self.error = None if self.kind else f"there is no kind of code block '{info}'"

    @property
    def text(self):
        """The block, so that compiler messages name the document."""
        if self.error:
            return f'#line {self.line - 1} "{self.path}"\n#error {self.error}\n'
        return f'#line {self.line} "{self.path}"\n' + "".join(line + "\n" for line in self.lines)


def blocks_of(path, text):
    """The C++ blocks of a document; other code blocks are passed over."""
    fence, block = None, None
    for number, line in enumerate(text.splitlines(), start=1):
        match = FENCE.match(line)
        if fence is None:
            if match:
                fence = match[1]
                if CPP.match(match[2].split(" ")[0]):
                    block = Block(path, number + 1, match[2])
                    yield block
        elif match and match[1].startswith(fence) and not match[2]:
            fence, block = None, None
        elif block:
            block.lines.append(line)
    if block:
        block.error = "this code block has no end"


def wrapped(block, name):
    """A function or a fragment as part of a source."""
    if block.kind == "function" or block.error:
        return f"namespace {name} {{\n{block.text}}}\n"
    return (
        f"namespace {name} {{\n"
        "asio::awaitable<void> fragment(natpmp::client& client);\n"
        "asio::awaitable<void> fragment([[maybe_unused]] natpmp::client& client)\n"
        f"{{\n{block.text}co_return;\n}}\n}}\n"
    )


def sources_of(documents, root):
    """For each source what to do with it, its name, and its text."""
    together = ""
    for path in documents:
        name = re.sub(r"\W", "_", path.relative_to(root).with_suffix("").as_posix())
        for number, block in enumerate(list(blocks_of(path, path.read_text())), start=1):
            if block.kind in ("compile", "run"):
                yield block.kind, f"{name}_{number}.cpp", block.text
            else:
                together += wrapped(block, f"{name}_{number}")
    if together:
        yield "compile", "fragments.cpp", INCLUDES + together


def write(path, text):
    """Writes a file, unless that would change nothing."""
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    output, root = Path(sys.argv[1]), Path(sys.argv[2]).resolve()
    output.mkdir(parents=True, exist_ok=True)
    documents = [Path(name).resolve() for name in sys.argv[3:]]
    for kind, source, text in sources_of(documents, root):
        write(output / source, text)
        print(kind, source)


if __name__ == "__main__":
    main()
