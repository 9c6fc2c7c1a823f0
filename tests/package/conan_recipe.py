#!/usr/bin/env python3
"""conan_recipe.py RECIPE_FOLDER WORK VERSION ASIO_HEADERS CMAKE_ARGUMENT...

Does with the Conan recipe what `conan create` does, with the stand-in of Conan that is found first
in PYTHONPATH.
"""

import importlib.util
import sys
from pathlib import Path
from types import SimpleNamespace

import conan

CONFIG = """\
{before}
add_library({target} INTERFACE IMPORTED)
set_target_properties({target} PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "{include}"
    INTERFACE_COMPILE_DEFINITIONS "{definitions}"
    INTERFACE_LINK_LIBRARIES "{libraries}"
)
"""


def recipe(path, **settings):
    """The recipe in a file, with settings as a profile for Linux has them."""
    spec = importlib.util.spec_from_file_location("recipe", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (found,) = (
        value for value in vars(module).values()
        if isinstance(value, type) and value.__module__ == spec.name
    )
    compiler = SimpleNamespace(cppstd=settings.pop("cppstd", "gnu20"))
    return found(path, **{"os": "Linux", "compiler": compiler, **settings})


def files_below(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def check(path, version):
    """What the recipe says, without doing anything."""
    made = recipe(path)
    made.set_version()
    assert made.version == version, made.version
    made.requirements()
    assert made.requires == [("asio/[>=1.22.1]", {"transitive_headers": True})], made.requires
    made.package_id()
    assert not made.info.settings, made.info.settings
    made.validate()
    made.layout()
    root = Path(made.recipe_folder, made.folders.root, made.folders.source)
    assert (root / "CMakeLists.txt").exists(), root

    try:
        recipe(path, cppstd="17").validate()
    except conan.ConanInvalidConfiguration:
        pass
    else:
        raise AssertionError("C++17 is accepted")

    windows = recipe(path, os="Windows")
    windows.package_info()
    assert "iphlpapi" in windows.cpp_info.system_libs, windows.cpp_info


def package(path, work):
    """Exports the sources and packages them, each to a folder of its own."""
    made = recipe(path)
    made.export_sources_folder = made.source_folder = str(work / "export")
    made.package_folder = str(work / "package")
    made.export_sources()
    made.package()
    made.package_info()

    include = Path(path).parents[3] / "include"
    wanted = {f"include/{name}" for name in files_below(include)}
    exported, packaged = files_below(work / "export"), files_below(work / "package")
    assert exported == wanted | {"LICENSE"}, exported ^ wanted
    assert packaged == wanted | {"licenses/LICENSE"}, packaged ^ wanted
    assert not made.cpp_info.libdirs and not made.cpp_info.bindirs, made.cpp_info
    return made


def write_config(folder, name, **values):
    folder.mkdir(exist_ok=True)
    Path(folder, f"{name}-config.cmake").write_text(CONFIG.format(**values))


def main():
    folder, work, version, asio_headers = sys.argv[1:5]
    path, work = Path(folder, "conanfile.py"), Path(work)
    conan.CONFIGURE += sys.argv[5:]
    check(path, version)
    made = package(path, work)

    # As the generator CMakeDeps would write them.
    generators = work / "generators"
    write_config(
        generators, "asio",
        before="",
        target="asio::asio",
        include=asio_headers,
        definitions="ASIO_STANDALONE",
        libraries="",
    )
    write_config(
        generators, made.cpp_info.properties["cmake_file_name"],
        before="find_package(asio CONFIG REQUIRED)",
        target=made.cpp_info.properties["cmake_target_name"],
        include=";".join(str(work / "package" / name) for name in made.cpp_info.includedirs),
        definitions="",
        libraries=";".join(["asio::asio"] + made.cpp_info.system_libs),
    )

    tested = recipe(path.parent / "test_package" / "conanfile.py")
    tested.tested_reference_str = f"{made.name}/{version}"
    tested.requirements()
    assert tested.requires == [(f"asio-natpmp/{version}", {})], tested.requires
    tested.layout()
    tested.build_folder = str(work / tested.folders.build)
    tested.generators_folder = str(generators)
    tested.build()
    tested.test()
    assert tested.output.strip() == version, tested.output


if __name__ == "__main__":
    main()
