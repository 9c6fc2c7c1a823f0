#!/usr/bin/env python3
"""What extract.py makes of code blocks of every kind, and of those that it cannot read."""

import tempfile
import unittest
from pathlib import Path

from extract import sources_of


def sources(text):
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "page.md"
        path.write_text(text)
        made = list(sources_of([path], path.parent))
        return [(kind, name, body.replace(directory, "")) for kind, name, body in made]


class ExtractTest(unittest.TestCase):
    def test_a_source_file_is_taken_as_it_is(self):
        self.assertEqual(
            sources("one\n\n```cpp\nint main()\n{}\n```\nrest\n"),
            [("compile", "page_1.cpp", '#line 4 "/page.md"\nint main()\n{}\n')],
        )

    def test_a_program_is_run(self):
        self.assertEqual(
            sources("```cpp run\nint main() {}\n```\n"),
            [("run", "page_1.cpp", '#line 2 "/page.md"\nint main() {}\n')],
        )

    def test_fragments_and_functions_share_a_source(self):
        fragment, function = "```cpp fragment\nuse(1);\n```\n", "```cpp function\nint f();\n```\n"
        [(kind, name, text)] = sources(fragment + function)
        self.assertEqual((kind, name), ("compile", "fragments.cpp"))
        self.assertIn('natpmp::client& client)\n{\n#line 2 "/page.md"\nuse(1);\n', text)
        self.assertIn("use(1);\nco_return;\n}\n}\n", text)
        self.assertIn('namespace page_2 {\n#line 5 "/page.md"\nint f();\n}\n', text)

    def test_other_code_blocks_are_passed_over(self):
        self.assertEqual(sources("```sh\nls\n```\n```\n```cmake\n```\n~~~\n```cpp\n~~~\n"), [])

    def test_a_longer_fence_holds_shorter_ones(self):
        [(_, _, text)] = sources("````cpp\n// ```\n```\nint a;\n````\n")
        self.assertTrue(text.endswith("// ```\n```\nint a;\n"))

    def test_indented_blocks_and_tildes(self):
        text = "- item\n\n   ```cpp\n   int a;\n   ```\n~~~cpp\nint b;\n~~~\n"
        self.assertEqual(len(sources(text)), 2)

    def test_an_unknown_kind_is_an_error(self):
        for info in ("cpp fragmnet", "c++", "C++", "cxx", "cpp run fragment"):
            [(_, _, text)] = sources(f"```{info}\nint a;\n```\n")
            error = f"#error there is no kind of code block '{info}'"
            self.assertIn(f'#line 1 "/page.md"\n{error}\n', text)

    def test_a_block_without_end_is_an_error(self):
        [(_, _, text)] = sources("```cpp\nint a;\n")
        self.assertIn("#error this code block has no end", text)


if __name__ == "__main__":
    unittest.main()
