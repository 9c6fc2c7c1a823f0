#!/usr/bin/env python3
"""Each fault that check.py is for is found in a tree that has just this one."""

import tempfile
import unittest
from pathlib import Path

from check import check

ORDER = "natpmp/version.hpp\nnatpmp/detail/asio.hpp\nnatpmp/low.hpp # comment\nnatpmp/high.hpp\n"
SOUND = {
    "natpmp/version.hpp": "#define NATPMP_VERSION_MAJOR 0\n",
    "natpmp/detail/asio.hpp": "#include <asio/post.hpp>\nnamespace net = ::asio;\n",
    "natpmp/low.hpp": "// asio::post\n#include <natpmp/detail/asio.hpp>\nnatpmp::asio::x y;\n",
    "natpmp/high.hpp": "#include <natpmp/low.hpp>\n#include <vector>\n",
}


def faults(order=ORDER, files={}):
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        (root / "order.txt").write_text(order)
        for name, body in {**SOUND, **files}.items():
            guard = name.replace("/", "_").replace(".", "_").upper()
            path = root / "include" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"#ifndef {guard}\n#define {guard}\n{body}#endif\n")
        return check(root / "include", root / "order.txt")


class CheckTest(unittest.TestCase):
    def only_fault(self, part, **tree):
        found = faults(**tree)
        self.assertEqual(len(found), 1, found)
        self.assertIn(part, found[0])

    def test_sound_tree(self):
        self.assertEqual(faults(), [])

    def test_upward_include(self):
        self.only_fault("not below", files={"natpmp/low.hpp": "#include <natpmp/high.hpp>\n"})

    def test_own_include(self):
        self.only_fault("not below", files={"natpmp/low.hpp": "#include <natpmp/low.hpp>\n"})

    def test_relative_include(self):
        self.only_fault("included as", files={"natpmp/high.hpp": '#include "low.hpp"\n'})

    def test_unlisted(self):
        self.only_fault("not listed in", files={"natpmp/new.hpp": "\n"})

    def test_listed_but_missing(self):
        self.only_fault("not there", order=ORDER + "natpmp/gone.hpp\n")

    def test_asio_included(self):
        self.only_fault("only natpmp/detail", files={"natpmp/low.hpp": "#include <asio/ip/udp.hpp>\n"})

    def test_asio_named(self):
        for spelling in ("::asio::post(x);", "asio::post(x);", "namespace n = ::asio;"):
            self.only_fault("line 3 names", files={"natpmp/low.hpp": spelling + "\n"})

    def test_macro(self):
        for macro in ("#define NATPMP_LOW 1\n", "#define LOW 1\n"):
            self.only_fault("defines the macro", files={"natpmp/low.hpp": macro})

    def test_undefined_macro_is_sound(self):
        self.assertEqual(faults(files={"natpmp/low.hpp": "#define LOW 1\n#undef LOW\n"}), [])


if __name__ == "__main__":
    unittest.main()
