"""Stand-in of Conan 2: as much of its modules as the recipe and its test package call."""

import fnmatch
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

CONFIGURE = []  # the arguments of `cmake` that a profile and its toolchain file stand for


class ConanInvalidConfiguration(Exception):
    """The package cannot be used with these settings."""


class CppInfo(SimpleNamespace):
    """What a package tells to those who use it."""

    def __init__(self):
        super().__init__(
            properties={}, includedirs=["include"], libdirs=["lib"], bindirs=["bin"], system_libs=[]
        )

    def set_property(self, name, value):
        self.properties[name] = value


class PackageInfo:
    """What the identity of a binary package is made of."""

    def __init__(self, settings):
        self.settings = settings

    def clear(self):
        self.settings = ()


class Requirements(list):
    """Each requirement with its traits."""

    def __call__(self, reference, **traits):
        self.append((reference, traits))


class ConanFile:
    """A recipe, whose methods a test calls in Conan's order."""

    settings = ()

    def __init__(self, recipe, **settings):
        self.recipe_folder = str(Path(recipe).parent)
        self.info = PackageInfo(self.settings)
        self.settings = SimpleNamespace(**settings)
        self.requires = Requirements()
        self.folders = SimpleNamespace(root=None, source="", build="")
        self.cpp = SimpleNamespace(build=SimpleNamespace(bindir="bin"))
        self.cpp_info = CppInfo()

    def run(self, command, env=None):
        assert env in (None, "conanbuild", "conanrun"), env
        self.output = subprocess.check_output(
            command, shell=True, cwd=self.build_folder, text=True
        )


def check_min_cppstd(conanfile, minimum):
    if int(str(conanfile.settings.compiler.cppstd).replace("gnu", "")) < minimum:
        raise ConanInvalidConfiguration(f"C++{minimum} is needed")


def copy(conanfile, pattern, src, dst):
    for path in sorted(Path(src).rglob("*")):
        name = path.relative_to(src).as_posix()
        if path.is_file() and fnmatch.fnmatchcase(name, pattern):
            target = Path(dst, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)


def load(conanfile, path):
    return Path(path).read_text(encoding="utf-8")


def cmake_layout(conanfile):
    conanfile.folders.build = "build"
    conanfile.cpp.build.bindir = "."


class CMake:
    """Configures with what the generators wrote."""

    def __init__(self, conanfile):
        self.conanfile = conanfile

    def configure(self):
        subprocess.run(
            ["cmake", "-S", self.conanfile.recipe_folder, "-B", self.conanfile.build_folder]
            + [f"-DCMAKE_PREFIX_PATH={self.conanfile.generators_folder}"] + CONFIGURE,
            check=True,
        )

    def build(self):
        subprocess.run(["cmake", "--build", self.conanfile.build_folder], check=True)


def module(name, **members):
    """Makes `from conan.tools... import` find these."""
    sys.modules[name] = ModuleType(name)
    vars(sys.modules[name]).update(members)


module("conan.errors", ConanInvalidConfiguration=ConanInvalidConfiguration)
module("conan.tools")
module("conan.tools.build", check_min_cppstd=check_min_cppstd, can_run=lambda conanfile: True)
module("conan.tools.files", copy=copy, load=load)
module("conan.tools.cmake", CMake=CMake, cmake_layout=cmake_layout)
